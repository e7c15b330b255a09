//! A conversation that a call has for as long as it lasts, and gives back.
//! Never lost: whatever becomes of the call, its end gives the dialogue to who waits for it.

use tokio::sync::oneshot;

use super::reply::Dialogue;

/// The dialogue of a call to be. Dropped, with or without a call, it goes back to its lender.
#[derive(Default)]
pub struct Loan {
    dialogue: Option<Dialogue>,
    back: Option<oneshot::Sender<Dialogue>>,
}

impl Loan {
    /// A call that goes on with this conversation, or begins one; the other end gets what it has become.
    pub fn of(dialogue: Option<Dialogue>) -> (Self, oneshot::Receiver<Dialogue>) {
        let (back, returned) = oneshot::channel();
        (Self { dialogue, back: Some(back) }, returned)
    }

    /// Makes sure that there is a dialogue, and makes it this call's.
    #[must_use]
    pub(super) fn begun(mut self, begin: impl FnOnce() -> Dialogue, adapt: impl FnOnce(Dialogue) -> Dialogue) -> Self {
        self.dialogue = Some(adapt(self.dialogue.take().unwrap_or_else(begin)));
        self
    }

    /// The dialogue, once it has begun.
    pub(super) const fn dialogue(&mut self) -> &mut Dialogue {
        self.dialogue.as_mut().expect("a call begins its dialogue before it asks it")
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let (Some(dialogue), Some(back)) = (self.dialogue.take(), self.back.take()) {
            let _nobody_goes_on = back.send(dialogue);
        }
    }
}
