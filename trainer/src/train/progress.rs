//! The progress of a run: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::train::task::Outcome;

/// Steps between two plain lines, and between two lines of `stats.jsonl`.
pub const EVERY: u64 = 50;

/// Shows a run's progress on standard error.
pub struct Progress {
    bar: Option<ProgressBar>,
    /// Whether anything is shown: of several replicas one shows it.
    is_shown: bool,
    total: u64,
    batch: usize,
    first: u64,
    started: Instant,
    /// When the first step was done, and how long it took. It compiles and tunes kernels, and says nothing of the speed after it.
    prepared: Option<(Instant, Duration)>,
}

impl Progress {
    /// Creates the progress of `total` steps. `quiet` asks for plain lines on a terminal, too; `first` is the step that a resumed run
    /// starts from.
    pub fn new(total: u64, first: u64, batch: usize, quiet: bool, is_shown: bool) -> Self {
        let bar = (is_shown && !quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_position(first);
            bar
        });
        Self { bar, is_shown, total, batch, first, started: Instant::now(), prepared: None }
    }

    /// Returns the pictures a second since the first step after the start or the resumption.
    pub fn rate(&self, step: u64) -> f64 {
        let (since, before) = self.prepared.map_or((self.started, 0), |(done, _)| (done, 1));
        let pictures = (step - self.first).saturating_sub(before) * self.batch as u64;
        pictures as f64 / since.elapsed().as_secs_f64().max(1e-9)
    }

    /// Returns the seconds that the first step since the start or the resumption took.
    pub fn first_step(&self) -> Option<f64> {
        self.prepared.map(|(_, taken)| taken.as_secs_f64())
    }

    /// Shows a step.
    pub fn step(&mut self, step: u64, outcome: &Outcome) {
        if self.prepared.is_none() {
            self.prepared = Some((Instant::now(), self.started.elapsed()));
            self.say(&format!("the first step took {:.1} s", self.started.elapsed().as_secs_f64()));
        }
        let rate = self.rate(step);
        let seconds = (self.total.saturating_sub(step) * self.batch as u64) as f64 / rate.max(1e-9);
        let left = HumanDuration(Duration::from_secs_f64(seconds.min(1e9)));
        let terms: String = outcome.terms.iter().map(|(name, value)| format!("  {name} {value:.3}")).collect();
        let waiting = outcome.waiting.map_or_else(String::new, |name| format!("  {name} waits"));
        let text = format!("{rate:.1} pictures/s, {left} left{terms}{waiting}");
        match &self.bar {
            Some(bar) => {
                bar.set_position(step);
                bar.set_message(text);
            }
            None if self.is_shown && (step.is_multiple_of(EVERY) || step == self.total) => eprintln!("step {step}/{}  {text}", self.total),
            None => {}
        }
    }

    /// Prints a line without breaking the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None if self.is_shown => eprintln!("{line}"),
            None => {}
        }
    }

    /// Leaves the last state of the bar standing.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}
