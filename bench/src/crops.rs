//! How many training crops a second are read, decoded, cut and altered.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use trainer::config::choices::CropChoice;
use trainer::data::Dataset;
use trainer::data::loader::{Crops, Loader, Plan, Share, Source};

/// Options of `peer crops`.
#[derive(Debug, Clone, Args)]
pub struct CropOptions {
    /// A data set, as for `trainer --data`
    #[arg(long)]
    data: PathBuf,
    /// Side of the crops
    #[arg(long, default_value_t = 128)]
    size: usize,
    /// Threads that make them
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Batches of 16 crops
    #[arg(long, default_value_t = 200)]
    batches: usize,
}

/// Crops a batch.
const BATCH: usize = 16;

/// Makes batches; those that the threads are ahead at first do not count.
pub fn measure(options: &CropOptions) -> Result<Value> {
    let &CropOptions { ref data, size, threads, batches } = options;
    let dataset = Arc::new(Dataset::open(data)?);
    let source: Arc<dyn Source> = Arc::new(Crops { dataset, side: size, crop: CropChoice::Altered });
    let mut loader = Loader::start(&source, Plan { seed: 0, batch: BATCH, share: Share::ALL }, 0, threads);
    for _ in 0..4 * threads {
        loader.wait()?;
    }
    let begun = Instant::now();
    for _ in 0..batches {
        loader.wait()?;
    }
    Ok(json!({ "crops_per_second": (batches * BATCH) as f64 / begun.elapsed().as_secs_f64(), "threads": threads, "size": size }))
}
