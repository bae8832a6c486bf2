//! The connection between replicas by MPI: Open MPI, or another one that the system has.

use std::sync::atomic::{AtomicBool, Ordering};
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

/// The processes, for means of gradients.
struct Means;

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
    replicas::connect(Box::new(Means));
    Ok(Replica::of(share, Box::new(Processes { _universe: universe })))
}

impl Exchange for Means {
    fn average(&self, numbers: &mut [f32], awaited: &AtomicBool) {
        let world = SimpleCommunicator::world();
        let share = 1.0 / world.size() as f32;
        let mine: Vec<f32> = numbers.iter().map(|number| number * share).collect();
        mpi::request::scope(|scope| {
            let mut exchange = world.immediate_all_reduce_into(scope, &mine[..], &mut *numbers, SystemOperation::sum());
            while let Err(unfinished) = exchange.test() {
                exchange = unfinished;
                if awaited.load(Ordering::Relaxed) {
                    thread::yield_now();
                } else {
                    thread::sleep(POLL);
                }
            }
        });
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
        let starts: Vec<i32> = lengths.iter().scan(0, |start, length| Some(std::mem::replace(start, *start + length))).collect();
        let mut all = vec![0; lengths.iter().sum::<i32>().unsigned_abs() as usize];
        world.all_gather_varcount_into(&given[..], &mut PartitionMut::new(&mut all[..], &lengths[..], &starts[..]));
        let part = |(start, length): (&i32, &i32)| all[*start as usize + 1..(*start + *length) as usize].to_vec();
        starts.iter().zip(&lengths).map(part).collect()
    }

    fn abort(&self) -> ! {
        SimpleCommunicator::world().abort(1)
    }
}
