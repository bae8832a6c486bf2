//! The connection between replicas by MPI: Open MPI, or another one that the system has.

use anyhow::{Context, Result, ensure};
use deepsim::training::replicas::{self, Exchange};
use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};

use super::replica::{Replica, World};
use crate::data::loader::Share;

/// All processes. MPI ends with it.
struct Processes {
    _universe: Universe,
}

/// The processes, for means of gradients.
struct Means;

/// Connects to the other processes.
///
/// # Errors
/// If MPI cannot be started.
pub fn connect() -> Result<Replica> {
    // The main thread alone speaks with the others; rayon's threads compute.
    let (universe, threading) = mpi::initialize_with_threading(Threading::Funneled).context("MPI cannot be started")?;
    ensure!(threading >= Threading::Funneled, "this MPI does not allow a process to have threads");
    let world = SimpleCommunicator::world();
    // Neither is ever below zero.
    let share = Share { rank: world.rank().unsigned_abs() as usize, count: world.size().unsigned_abs() as usize };
    replicas::connect(Box::new(Means));
    Ok(Replica::of(share, Box::new(Processes { _universe: universe })))
}

impl Exchange for Means {
    fn average(&self, numbers: &mut [f32]) {
        let world = SimpleCommunicator::world();
        let mine = numbers.to_vec();
        world.all_reduce_into(&mine[..], numbers, SystemOperation::sum());
        let share = 1.0 / world.size() as f32;
        for number in numbers {
            *number *= share;
        }
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
