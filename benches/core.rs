//! How long a call takes for an input, over a conversation with questions, answers and interruptions.
//! Gates on what is asked for: at most 1 µs an input when optimised, and no memory for a tick that brings nothing about.

#[path = "../tests/common/call_cycle.rs"]
mod call_cycle;
#[path = "../tests/common/counting_allocator_ffi.rs"]
mod counting_allocator_ffi;

use std::time::{Duration, Instant};

use call_cycle::{Cycle, Ticked};
use counting_allocator_ffi::{CountingAllocator, asked};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const TURNS: u64 = 10_000;
const WARM_UP: u64 = 100;
const GOAL: Duration = Duration::from_micros(1);

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn main() {
    let mut cycle = Cycle::new(Instant::now());
    turns(&mut cycle, 1..=WARM_UP);
    let inputs = cycle.inputs;
    let before = Instant::now();
    let (ticks, allocations) = turns(&mut cycle, WARM_UP + 1..=TURNS);
    let (took, inputs) = (before.elapsed(), cycle.inputs - inputs);
    let each = took / u32::try_from(inputs).expect("few enough inputs");
    println!(
        "{inputs} inputs in {took:.2?}: {each:?} an input, {:.1} million a second",
        inputs as f64 / took.as_secs_f64() / 1e6
    );
    println!("{} answers, {} interruptions", cycle.answers, cycle.interruptions);
    println!("{ticks} quiet ticks, {allocations} allocations");
    assert_eq!(allocations, 0, "a quiet tick asks for no memory");
    assert!(each <= GOAL, "an input takes at most {GOAL:?}");
}

/// Runs these turns; gives the number of ticks that brought nothing about, and what they allocated.
fn turns(cycle: &mut Cycle, numbers: std::ops::RangeInclusive<u64>) -> (u64, u64) {
    let (mut quiet, mut allocations) = (0, 0);
    for number in numbers {
        cycle.turn(number, |cycle, speaks| {
            let before = asked();
            if cycle.tick(speaks) == Ticked::Quietly {
                quiet += 1;
                allocations += asked() - before;
            }
            cycle.answer_jobs();
        });
    }
    (quiet, allocations)
}
