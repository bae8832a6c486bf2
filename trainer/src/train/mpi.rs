//! The connection between replicas by MPI: Open MPI, or another one that the system has.

use std::mem::replace;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use deepsim::training::replicas::{self, Exchange};
use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};

use super::replica::{Agreed, Replica, World};
use crate::data::loader::Share;

/// Time between two looks at an exchange while this process computes. An exchange goes on only when it is looked at.
const POLL: Duration = Duration::from_micros(100);

/// All processes. MPI ends with it.
struct Processes {
    _universe: Universe,
}

/// The processes, for sums of gradients.
struct Sums {
    replicas: usize,
    /// Numbers that were summed before, one vector of each length, for the next sums: fresh memory would have to be cleared in each step.
    spare: Mutex<Vec<Vec<f32>>>,
}

/// Connects to the other processes, `started` with this one.
///
/// # Errors
/// If MPI cannot be started, or finds another number of processes.
pub fn connect(started: usize) -> Result<Replica> {
    // Gradients are exchanged by a thread of their own, and no two threads call MPI at the same time.
    let (universe, threading) = mpi::initialize_with_threading(Threading::Serialized).context("MPI cannot be started")?;
    ensure!(threading >= Threading::Serialized, "this MPI does not allow several threads of a process to call it in turn");
    let world = SimpleCommunicator::world();
    // Neither is ever below zero.
    let share = Share { rank: world.rank().unsigned_abs() as usize, count: world.size().unsigned_abs() as usize };
    ensure!(
        share.count == started,
        Agreed(format!(
            "{started} processes were started, but MPI connects {}: start them by mpirun, or by srun with --mpi=pmix",
            share.count
        ))
    );
    replicas::connect(Box::new(Sums { replicas: share.count, spare: Mutex::default() }));
    Ok(Replica::of(share, Box::new(Processes { _universe: universe })))
}

impl Exchange for Sums {
    fn replicas(&self) -> usize {
        self.replicas
    }

    fn sum(&self, numbers: Vec<f32>, awaited: &AtomicBool) -> Vec<f32> {
        // Nothing can panic while it is locked.
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = spare.iter().position(|spare| spare.len() == numbers.len());
        let mut sums = fitting.map_or_else(|| vec![0.0; numbers.len()], |fitting| spare.swap_remove(fitting));
        mpi::request::scope(|scope| {
            let world = SimpleCommunicator::world();
            let mut exchange = world.immediate_all_reduce_into(scope, &numbers[..], &mut sums[..], SystemOperation::sum());
            while let Err(unfinished) = exchange.test() {
                exchange = unfinished;
                if awaited.load(Ordering::Relaxed) {
                    thread::yield_now();
                } else {
                    thread::sleep(POLL);
                }
            }
        });
        spare.push(numbers);
        sums
    }
}

impl World for Processes {
    fn gather(&self, given: &[u8]) -> Vec<Vec<u8>> {
        let world = SimpleCommunicator::world();
        // MPI takes no buffer without bytes: a first one goes before each message, which are short.
        let given = [&[0], given].concat();
        let mine = given.len() as i32;
        let mut lengths = vec![0; world.size().unsigned_abs() as usize];
        world.all_gather_into(&mine, &mut lengths[..]);
        let starts: Vec<i32> = lengths.iter().scan(0, |start, length| Some(replace(start, *start + length))).collect();
        let mut all = vec![0; lengths.iter().sum::<i32>().unsigned_abs() as usize];
        world.all_gather_varcount_into(&given[..], &mut PartitionMut::new(&mut all[..], &lengths[..], &starts[..]));
        let part = |(start, length): (&i32, &i32)| all[*start as usize + 1..(*start + *length) as usize].to_vec();
        starts.iter().zip(&lengths).map(part).collect()
    }

    fn abort(&self) -> ! {
        SimpleCommunicator::world().abort(1)
    }
}
