use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, at, never, select_biased};
use lb_core::support::{caught, run_caught};
use lb_core::{Context, Error, Instance};

use crate::board::Board;
use crate::error::{NothingFound, SharedError, SourceError};
use crate::freshness::{Effect, Found, Validity};
use crate::schedule::Schedule;
use crate::status::Status;
use crate::transitions::{Transitions, Trouble};
use crate::{Answer, DiscoveryError, Source};

/// The discovery thread: asks the source when the schedule says so, and publishes what comes of it.
pub(crate) struct Driver {
    pub(crate) name: Arc<str>,
    pub(crate) source: Box<dyn Source>,
    pub(crate) schedule: Schedule,
    pub(crate) ticks: Receiver<Instant>,
    pub(crate) wishes: Receiver<()>,
    /// Endpoints are to be made anew.
    pub(crate) renewals: Receiver<()>,
    pub(crate) ctx: Context,
    pub(crate) board: Arc<Board>,
    pub(crate) transitions: Transitions,
    /// How many instances the published set is made from.
    pub(crate) instances: usize,
    /// The latest answer, for a source that says that it is unchanged.
    pub(crate) last: Option<Last>,
    /// What the set is made from.
    pub(crate) published: Option<Arc<[Instance]>>,
    /// Whether the next refresh is one that a user asked for.
    pub(crate) anew: bool,
    /// Whether a failure now would be the constructor's, not one to be lived with.
    pub(crate) must_answer: bool,
}

/// What an answer had.
#[derive(Clone)]
pub(crate) struct Last {
    instances: Arc<[Instance]>,
    found: Found,
    reason: Option<Arc<str>>,
}

impl Driver {
    /// Runs until it is stopped, or until the first refresh has failed and must not.
    pub(crate) fn run(&mut self) {
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
                recv(self.renewals) -> renewal => {
                    renewal.ok()?;
                    self.board.publish(|news| news.answers += 1);
                    self.board.tell();
                }
                recv(self.wishes) -> wish => {
                    wish.ok()?;
                    self.anew = true;
                    let now = self.now();
                    if self.schedule.wanted(now) {
                        return Some(now);
                    }
                    self.note_next_refresh();
                }
                recv(timer) -> _ => {
                    let now = self.now();
                    if self.schedule.is_due(now) {
                        return Some(now);
                    }
                    if let Some(error) = self.board.status().last_error {
                        self.expire(now, &error);
                        self.board.tell();
                    }
                }
            }
        }
    }

    fn refresh(&mut self, now: Instant) {
        if std::mem::take(&mut self.anew) {
            run_caught("the source's forget()", || self.source.forget());
        }
        // A source that panics here will do so in `fetch` too, where it is noticed.
        let watches = caught("the source's watches()", || self.source.watches()).unwrap_or_default();
        self.schedule.source_watches(watches);
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
        match outcome.and_then(|answer| self.completed(answer)) {
            Ok((answer, last)) => self.answered(now, &answer, last),
            Err(failure) => self.failed(now, &failure),
        }
    }

    /// The answer's instances, or those of the answer that it says it repeats.
    fn completed(&self, mut answer: Answer) -> Result<(Answer, Last), Failure> {
        if !answer.unchanged {
            let instances = std::mem::take(&mut answer.instances);
            let found = Found { instances: distinct(&instances), definite: answer.definite };
            let last = Last { instances: instances.into(), found, reason: answer.reason.clone() };
            return Ok((answer, last));
        }
        let nothing = || Failure { error: Arc::new(DiscoveryError::NothingBefore), skipped: answer.skipped };
        let last = self.last.clone().ok_or_else(nothing)?;
        Ok((answer, last))
    }

    fn answered(&mut self, now: Instant, answer: &Answer, last: Last) {
        let found = last.found;
        let effect = self.schedule.answered(now, answer.ttl, found);
        if effect == Effect::Refuse {
            let reason = last.reason.clone().unwrap_or_else(|| "no instances".into());
            self.last = Some(last);
            let failure = Failure { error: Arc::new(NothingFound(reason)), skipped: answer.skipped };
            return self.fell_through(now, &failure);
        }
        self.must_answer = false;
        let kept = effect == Effect::Keep;
        if !kept {
            self.instances = found.instances;
        }
        self.board.publish(|news| {
            if !kept {
                news.instances = Some(Arc::clone(&last.instances));
                news.distinct = found.instances;
            }
            news.refreshes += 1;
            news.answers += 1;
            news.unusable = None;
        });
        if !kept {
            let before = self.published.replace(Arc::clone(&last.instances));
            self.transitions.replaced(before.as_deref().unwrap_or_default(), &last.instances);
        }
        self.transitions.refreshed(&format_args!("{} instances", found.instances));
        self.last = Some(last);
        let (instances, now) = (self.instances, self.schedule.now());
        self.conclude(answer.skipped, |status| {
            status.instances = instances;
            status.last_success = Some(now);
            status.failing = false;
        });
        self.board.tell();
        match found.instances {
            0 if instances > 0 => self.transitions.trouble(now, Trouble::NothingFound { kept: instances }),
            0 => self.transitions.trouble(now, Trouble::Emptied),
            found if kept => self.transitions.trouble(now, Trouble::TooFew { found, kept: instances }),
            _ => self.transitions.recovered(instances),
        }
    }

    fn failed(&mut self, now: Instant, failure: &Failure) {
        self.schedule.failed(now);
        self.fell_through(now, failure);
    }

    /// The schedule knows of the failure already.
    fn fell_through(&mut self, now: Instant, failure: &Failure) {
        let error = &failure.error;
        self.transitions.refreshed(&format_args!("it failed: {error}"));
        if !self.must_answer {
            let failing = Trouble::Failing { error, kept: self.instances };
            self.transitions.trouble(self.schedule.now(), failing);
        }
        if self.expire(now, error) != Validity::Expired {
            self.board.publish(|news| {
                news.refreshes += 1;
                news.error = Some(Arc::clone(error));
            });
        }
        self.conclude(failure.skipped, |status| {
            status.failures += 1;
            status.failing = true;
            status.last_error = Some(Arc::clone(error));
        });
        self.board.tell();
    }

    /// Takes the set out of use if discovery has been failing for too long.
    fn expire(&mut self, now: Instant, error: &SharedError) -> Validity {
        let validity = self.schedule.validity(now);
        if validity == Validity::Expired {
            self.transitions.trouble(self.schedule.now(), Trouble::Expired { error });
            let unusable = Error::discovery(Arc::clone(&self.name), Arc::clone(error));
            self.board.publish(|news| {
                news.refreshes += 1;
                news.error = Some(Arc::clone(error));
                news.unusable = Some(unusable);
            });
        }
        validity
    }

    fn note_next_refresh(&self) {
        let next_refresh = self.schedule.next_refresh();
        self.board.note(|status| status.next_refresh = next_refresh);
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
    let answer = caught(SOURCE, || source.fetch(ctx))
        .map_err(|panic| -> SharedError { Arc::new(panicked(&panic.to_string())) })
        .and_then(|outcome| outcome.map_err(|error| -> SharedError { Arc::new(SourceError::new(error)) }))
        .map_err(|error| Failure { error, skipped: 0 })?;
    let skipped = answer.skipped;
    if answer.instances.is_empty() && skipped > 0 && !answer.unchanged {
        return Err(Failure { error: Arc::new(DiscoveryError::NothingUsable { skipped }), skipped });
    }
    Ok(answer)
}

/// What `caught` calls it.
const SOURCE: &str = "the source";

fn panicked(text: &str) -> DiscoveryError {
    let message = text.trim_start_matches(SOURCE).trim_start_matches(" panicked: ").to_owned();
    DiscoveryError::Panicked { message }
}

/// How many there are by what identifies them in a set.
fn distinct(instances: &[Instance]) -> usize {
    instances.iter().map(|instance| (instance.address(), instance.host())).collect::<HashSet<_>>().len()
}
