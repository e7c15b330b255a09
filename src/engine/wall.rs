//! The calls that last now, for operators: what happens on each, how loud it is, its sound, and a hand on it.
//! Never holds a call up: who watches too slowly loses the oldest, who gives too many orders is told no.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::{broadcast, mpsc};

use super::clock;
use crate::audio::{Dbfs, Frame, SampleRate};
use crate::line::Port;
use crate::store::journal::Entry;
use crate::talk::{CallId, Hint};

/// What is told and not yet seen by a watcher.
const TOLD: usize = 1_024;
/// What a watcher who comes late is shown of each call.
const LATEST: usize = 200;
/// Sound that waits for a listener: two seconds.
const SOUND: usize = 100;
/// Orders that wait for a call.
const ORDERS: usize = 4;
/// A level is told of so many ticks of 20 ms.
const LEVEL_TICKS: u32 = 10;

/// Something on the wall changed.
#[derive(Debug, Clone)]
pub enum Told {
    /// A call began.
    Began(CallId, DateTime<Utc>),
    /// Something happened on a call.
    Happened(CallId, Arc<Entry>),
    /// How loud the caller and the bot were in the last 200 ms.
    Levels(CallId, [Dbfs; 2]),
    /// A call is over.
    Over(CallId),
}

/// 20 ms of a call for a listener: the caller and the bot, one after the other, at this rate.
#[derive(Debug, Clone)]
pub struct Overheard {
    /// Samples a second.
    pub rate: SampleRate,
    /// Caller and bot in turn.
    pub stereo: Arc<[i16]>,
}

/// What an operator wants of a call.
#[derive(Debug)]
pub enum Order {
    /// End it.
    HangUp,
    /// Take this hint.
    Hint(Hint),
    /// Join the caller with whoever sits here.
    TakeOver(Seat),
    /// Let the bot go on with the caller whom an operator has.
    GiveBack,
}

/// An operator's end of a call.
pub struct Seat(pub Box<dyn Port>);

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seat")
    }
}

/// An order was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// There is no such call (any more).
    NoCall,
    /// The orders before it are not carried out yet.
    Busy,
}

/// A call as somebody who comes late sees it.
#[derive(Debug, Clone)]
pub struct Lasting {
    /// Which.
    pub id: CallId,
    /// When it began.
    pub since: DateTime<Utc>,
    /// The latest that happened.
    pub latest: Vec<Arc<Entry>>,
}

/// The wall of one line.
#[derive(Clone)]
pub struct Wall {
    calls: Arc<Mutex<BTreeMap<CallId, Hanging>>>,
    told: broadcast::Sender<Told>,
}

struct Hanging {
    since: DateTime<Utc>,
    latest: VecDeque<Arc<Entry>>,
    orders: mpsc::Sender<Order>,
    sound: broadcast::Sender<Overheard>,
}

/// One call's place on the wall; dropping it takes the call off.
pub struct OnWall {
    id: CallId,
    wall: Wall,
    sound: broadcast::Sender<Overheard>,
    orders: mpsc::Receiver<Order>,
    loudest: [Dbfs; 2],
    ticks: u32,
}

impl Default for Wall {
    fn default() -> Self {
        Self { calls: Arc::default(), told: broadcast::channel(TOLD).0 }
    }
}

impl Wall {
    /// Hangs a call up on the wall.
    pub fn hang(&self, id: CallId) -> OnWall {
        let (orders, taken) = mpsc::channel(ORDERS);
        let sound = broadcast::channel(SOUND).0;
        let since = clock::wall().to_utc();
        let mut calls = self.lock();
        calls.insert(id.clone(), Hanging { since, latest: VecDeque::new(), orders, sound: sound.clone() });
        self.tell(Told::Began(id.clone(), since));
        drop(calls);
        OnWall { id, wall: self.clone(), sound, orders: taken, loudest: [Dbfs::SILENCE; 2], ticks: 0 }
    }

    /// The calls that last, and whatever changes from then on: nothing is missing between the two, and nothing is told twice.
    pub fn watch(&self) -> (Vec<Lasting>, broadcast::Receiver<Told>) {
        let calls = self.lock();
        let lasting = |(id, call): (&CallId, &Hanging)| Lasting {
            id: id.clone(),
            since: call.since,
            latest: call.latest.iter().cloned().collect(),
        };
        (calls.iter().map(lasting).collect(), self.told.subscribe())
    }

    /// A call's sound from now on.
    pub fn listen(&self, id: &CallId) -> Option<broadcast::Receiver<Overheard>> {
        self.lock().get(id).map(|call| call.sound.subscribe())
    }

    /// Gives a call an order.
    ///
    /// # Errors
    /// No such call, or too many orders at once.
    pub fn order(&self, id: &CallId, order: Order) -> Result<(), NotTaken> {
        let orders = self.lock().get(id).map(|call| call.orders.clone()).ok_or(NotTaken::NoCall)?;
        orders.try_send(order).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotTaken::Busy,
            mpsc::error::TrySendError::Closed(_) => NotTaken::NoCall,
        })
    }

    fn tell(&self, told: Told) {
        let _nobody_watches = self.told.send(told);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Hanging>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OnWall {
    /// Something happened.
    pub fn happened(&self, entry: Entry) {
        let entry = Arc::new(entry);
        let mut calls = self.wall.lock();
        if let Some(call) = calls.get_mut(&self.id) {
            if call.latest.len() == LATEST {
                call.latest.pop_front();
            }
            call.latest.push_back(Arc::clone(&entry));
        }
        self.wall.tell(Told::Happened(self.id.clone(), entry));
    }

    /// 20 ms passed in both directions. Costs next to nothing while nobody watches.
    pub fn sound(&mut self, caller: &Frame, bot: &Frame) {
        if self.wall.told.receiver_count() > 0 {
            self.levels([caller, bot].map(|frame| Dbfs::of(frame.pcm())));
        }
        if self.sound.receiver_count() > 0 {
            let _nobody_listens = self.sound.send(overheard(caller, bot));
        }
    }

    /// What an operator wants next; pends for ever where nobody can want anything any more.
    pub async fn order(&mut self) -> Order {
        match self.orders.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }

    fn levels(&mut self, levels: [Dbfs; 2]) {
        for (loudest, level) in self.loudest.iter_mut().zip(levels) {
            *loudest = if level > *loudest { level } else { *loudest };
        }
        self.ticks += 1;
        if self.ticks >= LEVEL_TICKS {
            self.wall.tell(Told::Levels(self.id.clone(), self.loudest));
            (self.ticks, self.loudest) = (0, [Dbfs::SILENCE; 2]);
        }
    }
}

impl Drop for OnWall {
    fn drop(&mut self) {
        let mut calls = self.wall.lock();
        calls.remove(&self.id);
        self.wall.tell(Told::Over(self.id.clone()));
    }
}

/// Both sides at the lower of their rates, which divides the other: every n-th sample is enough to listen along.
fn overheard(caller: &Frame, bot: &Frame) -> Overheard {
    let rate = caller.rate().min(bot.rate());
    let length = rate.frame_len();
    let at = |frame: &Frame, i: usize| frame.pcm()[i * frame.pcm().len() / length];
    Overheard { rate, stereo: (0..length).flat_map(|i| [at(caller, i), at(bot, i)]).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::MediaTime;
    use crate::store::journal::JournalEvent;

    fn id(letter: char) -> CallId {
        CallId::new(letter).expect("an id")
    }

    fn entry(t_ms: u64) -> Entry {
        Entry { t_ms, turn: None, event: JournalEvent::ReplyStarted }
    }

    fn frame(rate: SampleRate, sample: i16) -> Frame {
        Frame::new(&vec![sample; rate.frame_len()], rate, MediaTime::ZERO)
    }

    #[test]
    fn who_comes_late_sees_the_latest_and_then_everything_once() {
        let wall = Wall::default();
        let call = wall.hang(id('a'));
        (0..300).for_each(|t_ms| call.happened(entry(t_ms)));
        let (lasting, mut told) = wall.watch();
        assert_eq!(lasting[0].latest.iter().map(|entry| entry.t_ms).collect::<Vec<_>>(), (100..300).collect::<Vec<_>>());
        call.happened(entry(300));
        drop(call);
        assert!(matches!(told.try_recv(), Ok(Told::Happened(_, entry)) if entry.t_ms == 300));
        assert!(matches!(told.try_recv(), Ok(Told::Over(_))));
        assert!(wall.watch().0.is_empty());
    }

    #[test]
    fn orders_reach_their_call_and_no_other() {
        let wall = Wall::default();
        let mut call = wall.hang(id('a'));
        assert_eq!(wall.order(&id('b'), Order::HangUp), Err(NotTaken::NoCall));
        (0..ORDERS).for_each(|_| wall.order(&id('a'), Order::HangUp).expect("taken"));
        assert_eq!(wall.order(&id('a'), Order::HangUp), Err(NotTaken::Busy));
        assert!(matches!(call.orders.try_recv(), Ok(Order::HangUp)));
    }

    #[test]
    fn levels_are_the_loudest_of_200_ms_and_sound_is_both_sides_at_one_rate() {
        let wall = Wall::default();
        let mut call = wall.hang(id('a'));
        let (_, mut told) = wall.watch();
        let mut heard = wall.listen(&id('a')).expect("it lasts");
        let (loud, soft) = (frame(SampleRate::HZ_8000, 16_384), frame(SampleRate::HZ_16000, 0));
        call.sound(&loud, &soft);
        (1..LEVEL_TICKS).for_each(|_| call.sound(&frame(SampleRate::HZ_8000, 1), &soft));
        assert!(matches!(told.try_recv(), Ok(Told::Levels(_, [caller, bot])) if caller.db() > -7.0 && bot == Dbfs::SILENCE));
        let first = heard.try_recv().expect("20 ms");
        assert_eq!((first.rate, first.stereo.len(), &first.stereo[..4]), (SampleRate::HZ_8000, 320, &[16_384, 0, 16_384, 0][..]));
    }
}
