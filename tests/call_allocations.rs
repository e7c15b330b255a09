//! The call's part of the 20 ms path asks for no memory.
//! Never measures time.

#[path = "common/call_cycle.rs"]
mod call_cycle;
#[path = "common/counting_allocator_ffi.rs"]
mod counting_allocator_ffi;

use std::time::Instant;

use call_cycle::{Cycle, Ticked};
use counting_allocator_ffi::{CountingAllocator, asked};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
#[expect(clippy::disallowed_methods, reason = "virtual time needs one real instant to count from")]
fn no_tick_allocates_unless_it_brings_something_about() {
    let mut cycle = Cycle::new(Instant::now());
    let (mut quiet, mut allocations) = (0, 0);
    for number in 1..=40 {
        cycle.turn(number, |cycle, speaks| {
            let before = asked();
            if cycle.tick(speaks) == Ticked::Quietly {
                quiet += 1;
                allocations += asked() - before;
            }
            cycle.answer_jobs();
        });
    }
    assert!(quiet > 7_000 && cycle.answers > 40 && cycle.interruptions == 10, "the call was a lively one");
    assert_eq!(allocations, 0);
}
