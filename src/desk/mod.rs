//! Who is joined with whom: the caller with the bot, or with an operator whom the bot has announced.
//! Never touches a sound, a task or a clock: events come in, the next step comes out.

/// Who has the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Desk {
    /// The bot.
    #[default]
    Bot,
    /// The bot, which is about to tell that an operator takes over.
    Announcing,
    /// An operator.
    Operator,
}

/// Something happened to a call or to its operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An operator takes a seat and wants the caller.
    Seated,
    /// The bot has told the caller, and is silent.
    Announced,
    /// The operator gives the caller back, or is gone.
    GivenBack,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Have the bot announce the operator.
    Announce,
    /// Join the two; the bot is silent.
    Join,
    /// Have the bot go on.
    Resume,
    /// Nothing: somebody else has the caller, or nobody wanted them.
    Refuse,
}

impl Desk {
    /// Takes an event and says what follows.
    pub const fn handle_input(&mut self, event: Event) -> Step {
        let (next, step) = match (*self, event) {
            (Self::Bot, Event::Seated) => (Self::Announcing, Step::Announce),
            (Self::Announcing, Event::Announced) => (Self::Operator, Step::Join),
            // Whoever leaves before the bot has told it leaves the caller to the bot, which has something to take back.
            (Self::Announcing | Self::Operator, Event::GivenBack) => (Self::Bot, Step::Resume),
            (held @ (Self::Announcing | Self::Operator), Event::Seated) => (held, Step::Refuse),
            (held @ (Self::Bot | Self::Operator), Event::Announced) => (held, Step::Refuse),
            (Self::Bot, Event::GivenBack) => (Self::Bot, Step::Refuse),
        };
        *self = next;
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_announced_joined_and_gives_back() {
        let mut desk = Desk::default();
        let steps = [Event::Seated, Event::Announced, Event::GivenBack].map(|event| desk.handle_input(event));
        assert_eq!((steps, desk), ([Step::Announce, Step::Join, Step::Resume], Desk::Bot));
    }

    #[test]
    fn one_caller_has_one_operator() {
        let mut desk = Desk::Bot;
        assert_eq!(desk.handle_input(Event::GivenBack), Step::Refuse);
        desk.handle_input(Event::Seated);
        assert_eq!((desk.handle_input(Event::Seated), desk), (Step::Refuse, Desk::Announcing));
        desk.handle_input(Event::Announced);
        assert_eq!((desk.handle_input(Event::Seated), desk.handle_input(Event::Announced)), (Step::Refuse, Step::Refuse));
        assert_eq!(desk, Desk::Operator);
    }
}
