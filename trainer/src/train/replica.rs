//! Several processes that train one network (`mpirun -n N trainer ...`): each has a share of every batch, and a device of its own. They exchange gradients and
//! losses, and agree on everything that one of them decides. Without `mpirun` there is one replica, and nothing is exchanged.

use std::env;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Error, Result, ensure};

use crate::config::Config;
use crate::data::loader::Share;
use crate::device::Backend;

/// What the launchers of MPI programs (Open MPI's and MPICH's `mpirun`, SLURM's `srun`) call the number of processes. One may be set by a batch system that
/// starts a single process, so that only a number above 1 counts.
const PROCESSES: [&str; 3] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"];
/// The number of this process among them, and among those of its machine.
const RANKS: [&str; 3] = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"];
const LOCAL_RANKS: [&str; 3] = ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"];

/// Open MPI's option for how a sum is computed that others do not wait for, and its number for a ring of processes.
const ALGORITHM: (&str, &str) = ("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "1");

/// What all replicas found wrong, or one of them: only the first one reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Agreed(pub String);

/// A connection between processes, each of which calls the same functions in the same order.
pub trait World {
    /// Returns what each process gives, in the order of their numbers.
    fn gather(&self, given: &[u8]) -> Vec<Vec<u8>>;

    /// Ends all processes.
    fn abort(&self) -> !;
}

/// This process among those that train together.
pub struct Replica {
    share: Share,
    world: Option<Box<dyn World>>,
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica").field("share", &self.share).finish_non_exhaustive()
    }
}

impl Replica {
    /// Creates a process that trains alone.
    pub const fn alone() -> Self {
        Self { share: Share::ALL, world: None }
    }

    /// Creates one of several.
    pub fn of(share: Share, world: Box<dyn World>) -> Self {
        Self { share, world: Some(world) }
    }

    /// Connects to the other processes that `mpirun` has started, if there are any.
    ///
    /// # Errors
    /// If there are, and this build has no MPI, or its MPI finds not all of them.
    pub fn connect() -> Result<Self> {
        match number(&PROCESSES) {
            None | Some(0 | 1) => Ok(Self::alone()),
            #[cfg(feature = "mpi")]
            Some(count) => super::mpi::connect(count),
            #[cfg(not(feature = "mpi"))]
            Some(count) => Err(Error::new(Agreed(format!(
                "{count} processes were started to train together, but this build has no MPI: build it with --features trainer/mpi"
            )))),
        }
    }

    /// Returns this process's share of each batch.
    pub const fn share(&self) -> Share {
        self.share
    }

    /// Returns whether this process writes checkpoints, samples and progress.
    pub const fn leads(&self) -> bool {
        self.share.rank == 0
    }

    /// Returns whether any replica says so.
    pub fn any(&self, mine: bool) -> bool {
        self.gather(&[u8::from(mine)]).iter().any(|each| each == &[1])
    }

    /// Returns this replica's value if all have one. An error of one is the error of all.
    ///
    /// # Errors
    /// If any replica has none.
    pub fn agree<T>(&self, mine: Result<T>) -> Result<T> {
        if self.world.is_none() {
            return mine;
        }
        let words = mine.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default();
        let all = self.gather(words.as_bytes());
        let failed = all.iter().enumerate().find(|(_, words)| !words.is_empty());
        match (failed, mine) {
            (None, mine) => mine,
            (Some((rank, words)), _) => {
                let words = String::from_utf8_lossy(words);
                // What is wrong everywhere is no matter of one replica.
                let everywhere = all.iter().all(|each| !each.is_empty());
                Err(Error::new(Agreed(if everywhere { words.into_owned() } else { format!("replica {rank}: {words}") })))
            }
        }
    }

    /// Fails unless this value is the same for all replicas.
    ///
    /// # Errors
    /// With the words for it.
    pub fn ensure_same(&self, value: impl Hash, otherwise: &str) -> Result<()> {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        let all = self.gather(&hasher.finish().to_le_bytes());
        ensure!(all.windows(2).all(|pair| pair[0] == pair[1]), Agreed(otherwise.to_owned()));
        Ok(())
    }

    /// Fails unless all replicas were started alike, and the batch can be shared among them.
    ///
    /// # Errors
    /// With a sentence for what differs.
    pub fn check(&self, config: &Config) -> Result<()> {
        let Share { count, .. } = self.share;
        let started = (env!("CARGO_PKG_VERSION"), config.to_toml().unwrap_or_default());
        self.ensure_same(started, "the replicas were started with different options or versions of trainer")?;
        ensure!(
            config.batch.is_multiple_of(count) && config.batch > 0,
            Agreed(format!(
                "--batch {}: {count} replicas need a batch that {count} divides, such as {}",
                config.batch,
                config.batch.next_multiple_of(count).max(count)
            ))
        );
        Ok(())
    }

    /// Returns the device of this replica: of cards, the one with its number on this machine.
    pub fn device(&self, asked: Backend) -> Backend {
        match (asked, number(&LOCAL_RANKS)) {
            (Backend::Cuda(0), Some(rank)) if self.share.count > 1 => Backend::Cuda(rank),
            _ => asked,
        }
    }

    /// Ends all replicas after an error that the others do not know of.
    pub fn abort(&self) {
        if let Some(world) = &self.world {
            world.abort();
        }
    }

    fn gather(&self, given: &[u8]) -> Vec<Vec<u8>> {
        self.world.as_ref().map_or_else(|| vec![given.to_vec()], |world| world.gather(given))
    }
}

/// Lets Open MPI add up gradients around a ring where two or three processes train together, unless the user has chosen otherwise: for so few it takes an
/// algorithm that sends everything to one of them. With more it takes the ring itself.
#[expect(unsafe_code, reason = "Open MPI reads it from the environment, and has no function for it")]
pub fn prepare_environment() {
    let (name, ring) = ALGORITHM;
    if matches!(number(&PROCESSES), Some(2 | 3)) && env::var_os(name).is_none() {
        // SAFETY: `main` calls this first thing, when the process has one thread.
        unsafe { env::set_var(name, ring) };
    }
}

/// Returns whether this process reports what all have found: where there are several, the first one does.
pub fn reports() -> bool {
    number(&RANKS).is_none_or(|rank| rank == 0)
}

fn number(names: &[&str]) -> Option<usize> {
    names.iter().find_map(|name| env::var(name).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two replicas, of which the other one gives what is written here.
    struct Other(Vec<u8>);

    impl World for Other {
        fn gather(&self, given: &[u8]) -> Vec<Vec<u8>> {
            vec![given.to_vec(), self.0.clone()]
        }

        fn abort(&self) -> ! {
            panic!("ended")
        }
    }

    fn beside(other: &[u8]) -> Replica {
        Replica::of(Share { rank: 0, count: 2 }, Box::new(Other(other.to_vec())))
    }

    #[test]
    fn an_error_of_one_is_the_error_of_all() {
        assert_eq!(beside(b"").agree(Ok(3)).unwrap(), 3);
        assert_eq!(beside(b"no card").agree(Ok(3)).unwrap_err().to_string(), "replica 1: no card");
        assert_eq!(beside(b"").agree::<()>(Err(Error::msg("full"))).unwrap_err().to_string(), "replica 0: full");
        assert_eq!(beside(b"full").agree::<()>(Err(Error::msg("full"))).unwrap_err().to_string(), "full");
        assert_eq!(Replica::alone().agree(Ok(3)).unwrap(), 3);
    }

    #[test]
    fn one_wish_to_stop_is_enough() {
        for (mine, other, wanted) in [(false, 0, false), (true, 0, true), (false, 1, true)] {
            assert_eq!(beside(&[other]).any(mine), wanted);
        }
    }

    #[test]
    fn what_differs_is_found() {
        let mut hasher = DefaultHasher::new();
        7.hash(&mut hasher);
        assert!(beside(&hasher.finish().to_le_bytes()).ensure_same(7, "differ").is_ok());
        assert_eq!(beside(&[0; 8]).ensure_same(7, "differ").unwrap_err().to_string(), "differ");
    }

    #[test]
    fn shares_of_what_was_drawn_follow_each_other() {
        let drawn: Vec<usize> = (0..6).collect();
        let shares: Vec<usize> = (0..3).flat_map(|rank| Share { rank, count: 3 }.of(&drawn).to_vec()).collect();
        assert_eq!(shares, drawn);
        assert_eq!(Share::ALL.of(&drawn), drawn);
    }
}
