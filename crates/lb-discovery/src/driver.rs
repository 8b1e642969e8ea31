use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, at, never, select_biased};
use lb_core::{Context, Error, Instance};

use crate::board::Board;
use crate::error::SharedError;
use crate::freshness::{Effect, Validity};
use crate::gate::Gate;
use crate::journal::Journal;
use crate::panics::message_of;
use crate::schedule::Schedule;
use crate::status::Status;
use crate::{Answer, DiscoveryError, Source};

/// The discovery thread: asks the source when the schedule says so, and publishes what comes of it.
pub(crate) struct Driver {
    pub(crate) name: Arc<str>,
    pub(crate) source: Box<dyn Source>,
    pub(crate) schedule: Schedule,
    pub(crate) ticks: Receiver<Instant>,
    pub(crate) wishes: Receiver<()>,
    pub(crate) ctx: Context,
    pub(crate) board: Arc<Board>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) journal: Journal,
    /// How many instances the published set is made from.
    pub(crate) instances: usize,
    /// Whether a failure now would be the constructor's, not one to be lived with.
    pub(crate) must_answer: bool,
}

impl Driver {
    /// Runs until it is stopped, or until the first refresh has failed and must not.
    pub(crate) fn run(mut self) {
        self.refresh(self.now());
        if self.must_answer {
            return;
        }
        while let Some(now) = self.wait() {
            self.refresh(now);
        }
    }

    /// Waits for the time of the next refresh. `None`: stopped.
    fn wait(&mut self) -> Option<Instant> {
        loop {
            let timer = self.schedule.wake_at().map_or_else(never, at);
            select_biased! {
                recv(self.ctx.cancelled()) -> _ => return None,
                recv(self.ticks) -> tick => match tick {
                    Ok(tick) => return Some(self.schedule.ticked(tick)),
                    Err(_) => self.ticks = never(),
                },
                recv(self.wishes) -> wish => return wish.ok().map(|()| self.now()),
                recv(timer) -> _ => {
                    let now = self.now();
                    if self.schedule.is_due(now) {
                        return Some(now);
                    }
                    if let Some(error) = self.board.status().last_error {
                        self.expire(now, &error);
                    }
                }
            }
        }
    }

    fn refresh(&mut self, now: Instant) {
        self.schedule.asked(now);
        self.board.note(|status| status.next_refresh = None);
        let ctx = match self.schedule.answer_by() {
            Some(moment) => self.ctx.with_deadline(moment),
            None => self.ctx.clone(),
        };
        let outcome = ask(&mut *self.source, &ctx);
        if self.ctx.is_cancelled() {
            return;
        }
        let now = self.now();
        match outcome {
            Ok(answer) => self.answered(now, answer),
            Err(failure) => self.failed(now, &failure),
        }
    }

    fn answered(&mut self, now: Instant, answer: Answer) {
        self.must_answer = false;
        let empty = answer.instances.is_empty();
        let effect = self.schedule.answered(now, answer.ttl, empty && !answer.definite);
        if effect != Effect::Keep {
            self.instances = distinct(&answer.instances);
        }
        self.board.publish(|news| {
            if effect != Effect::Keep {
                news.instances = Some(answer.instances.into());
            }
            news.unusable = None;
        });
        let (instances, now) = (self.instances, self.schedule.now());
        self.conclude(answer.skipped, |status| {
            status.instances = instances;
            status.last_success = Some(now);
        });
        self.gate.tell(true, None);
        if empty { self.journal.found_nothing(instances) } else { self.journal.found(instances) }
    }

    fn failed(&mut self, now: Instant, failure: &Failure) {
        let error = &failure.error;
        self.schedule.failed(now);
        if !self.must_answer {
            self.journal.failed(error, self.instances);
        }
        let validity = self.expire(now, error);
        self.conclude(failure.skipped, |status| {
            status.failures += 1;
            status.last_error = Some(Arc::clone(error));
        });
        self.gate.tell(validity == Validity::Good, Some(Arc::clone(error)));
    }

    /// Takes the set out of use if discovery has been failing for too long.
    fn expire(&mut self, now: Instant, error: &SharedError) -> Validity {
        let validity = self.schedule.validity(now);
        if validity == Validity::Expired {
            self.journal.expired(error);
            // Before the feeds, as an answer comes after them: who is let through finds a set.
            self.gate.tell(false, Some(Arc::clone(error)));
            let unusable = Error::discovery(Arc::clone(&self.name), Arc::clone(error));
            self.board.publish(|news| news.unusable = Some(unusable));
        }
        validity
    }

    fn conclude(&mut self, skipped: u64, change: impl FnOnce(&mut Status)) {
        let next_refresh = self.schedule.next_refresh();
        self.board.note(|status| {
            status.refreshes += 1;
            status.skipped += skipped;
            status.next_refresh = next_refresh;
            change(status);
        });
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where discovery reads the clock")]
    fn now(&self) -> Instant {
        if self.schedule.is_scripted() { self.schedule.now() } else { Instant::now() }
    }
}

struct Failure {
    error: SharedError,
    skipped: u64,
}

/// Asks the source once. Its panic is a failure, and so is an answer that has records, all of them unusable.
fn ask(source: &mut dyn Source, ctx: &Context) -> Result<Answer, Failure> {
    let answer = catch_unwind(AssertUnwindSafe(|| source.fetch(ctx)))
        .unwrap_or_else(|panic| Err(DiscoveryError::Panicked { message: message_of(panic) }.into()))
        .map_err(|error| Failure { error: error.into(), skipped: 0 })?;
    let skipped = answer.skipped;
    if answer.instances.is_empty() && skipped > 0 {
        return Err(Failure { error: Arc::new(DiscoveryError::NothingUsable { skipped }), skipped });
    }
    Ok(answer)
}

/// How many there are by what identifies them in a set.
fn distinct(instances: &[Instance]) -> usize {
    instances.iter().map(|instance| (instance.address(), instance.host())).collect::<HashSet<_>>().len()
}
