use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, at, never, select_biased};
use lb_core::support::{caught, run_caught};
use lb_core::{Context, Error, Instance};

use crate::error::{NothingFound, SharedError, SourceError};
use crate::freshness::{Effect, Found, Validity};
use crate::schedule::Schedule;
use crate::shared::Shared;
use crate::status::Status;
use crate::transitions::{Transitions, Trouble};
use crate::{Answer, DiscoveryError, Source};

/// The discovery thread: asks the source when the schedule says so, and publishes what comes of it.
pub(crate) struct Worker {
    pub(crate) source: Box<dyn Source>,
    pub(crate) schedule: Schedule,
    pub(crate) ticks: Receiver<Instant>,
    /// Users ask for a refresh.
    pub(crate) requests: Receiver<()>,
    pub(crate) ctx: Context,
    pub(crate) shared: Arc<Shared>,
    pub(crate) transitions: Transitions,
    /// Whether a failure now would be the constructor's, not one to be lived with.
    pub(crate) must_answer: bool,
    /// Whether the next refresh is one that a user has asked for.
    pub(crate) requested: bool,
    /// What the set is made from.
    pub(crate) published: Arc<[Instance]>,
    /// The latest answer, for a source that says that it is unchanged.
    pub(crate) latest: Option<Latest>,
    /// What the latest refresh that failed has failed with.
    pub(crate) error: Option<SharedError>,
}

/// What an answer had.
#[derive(Clone)]
pub(crate) struct Latest {
    instances: Arc<[Instance]>,
    definite: bool,
    reason: Option<Arc<str>>,
}

struct Failure {
    error: SharedError,
    skipped: u64,
}

impl Worker {
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
                recv(self.requests) -> request => {
                    request.ok()?;
                    self.requested = true;
                    let now = self.now();
                    if self.schedule.wanted(now) {
                        return Some(now);
                    }
                    let next_refresh = self.schedule.next_refresh();
                    self.shared.note(|status| status.next_refresh = next_refresh);
                }
                recv(timer) -> _ => {
                    let now = self.now();
                    if self.schedule.is_due(now) {
                        return Some(now);
                    }
                    if let Some(error) = self.error.clone() {
                        self.expire_if_due(now, &error);
                    }
                }
            }
        }
    }

    fn refresh(&mut self, now: Instant) {
        if std::mem::take(&mut self.requested) {
            run_caught("the source's forget()", || self.source.forget());
        }
        // A source that panics here will do so in `fetch` too, where it is noticed.
        let watches = caught("the source's watches()", || self.source.watches()).unwrap_or_default();
        self.schedule.source_watches(watches);
        self.schedule.asked(now);
        self.shared.note(|status| status.next_refresh = None);
        let ctx = match self.schedule.answer_by() {
            Some(moment) => self.ctx.with_deadline(moment),
            None => self.ctx.clone(),
        };
        let outcome = ask(&mut *self.source, &ctx);
        if self.ctx.is_cancelled() {
            return;
        }
        let now = self.now();
        match outcome.and_then(|answer| self.complete(answer)) {
            Ok((answer, latest)) => self.answered(now, &answer, latest),
            Err(failure) => {
                self.schedule.failed(now);
                self.failed(now, failure);
            }
        }
    }

    /// The answer's instances, or those of the answer that it says it repeats.
    fn complete(&self, mut answer: Answer) -> Result<(Answer, Latest), Failure> {
        if !answer.unchanged {
            let (definite, reason) = (answer.definite, answer.reason.clone());
            let instances = self.in_order(std::mem::take(&mut answer.instances));
            return Ok((answer, Latest { instances, definite, reason }));
        }
        let nothing = || Failure { error: Arc::new(DiscoveryError::NothingBefore), skipped: answer.skipped };
        let latest = self.latest.clone().ok_or_else(nothing)?;
        Ok((answer, latest))
    }

    /// Orders by what identifies instances in a set; of two of one identity the first counts.
    fn in_order(&self, mut instances: Vec<Instance>) -> Arc<[Instance]> {
        instances.sort_by(|a, b| (a.address(), a.host()).cmp(&(b.address(), b.host())));
        instances.dedup_by(|later, first| {
            let same = (later.address(), later.host()) == (first.address(), first.host());
            if same {
                self.transitions.repeated(later);
            }
            same
        });
        instances.into()
    }

    fn answered(&mut self, now: Instant, answer: &Answer, latest: Latest) {
        let found = Found { instances: latest.instances.len(), definite: latest.definite };
        let effect = self.schedule.answered(now, answer.ttl, found);
        self.latest = Some(latest.clone());
        if effect == Effect::Refuse {
            let reason = latest.reason.unwrap_or_else(|| "no instances".into());
            return self
                .failed(now, Failure { error: Arc::new(NothingFound(reason)), skipped: answer.skipped });
        }
        self.must_answer = false;
        let kept = effect == Effect::Keep;
        let before = Arc::clone(&self.published);
        if !kept {
            self.published = latest.instances;
        }
        self.shared.publish(|snapshot| {
            snapshot.instances = Some(Arc::clone(&self.published));
            snapshot.expired = false;
        });
        self.transitions.replaced(&before, &self.published);
        self.transitions.refreshed(&format_args!("{} instances", found.instances));
        let (published, now) = (self.published.len(), self.schedule.now());
        self.conclude(answer.skipped, None, |status| {
            status.instances = published;
            status.last_success = Some(now);
            status.failing = false;
        });
        let trouble = match found.instances {
            0 if published > 0 => Trouble::NothingFound,
            0 => Trouble::Emptied,
            _ if kept => Trouble::TooFew,
            _ => return self.transitions.recovered(published),
        };
        self.transitions.trouble(now, trouble, found.instances, published);
    }

    /// A refresh has failed, of which the schedule knows.
    fn failed(&mut self, now: Instant, failure: Failure) {
        let Failure { error, skipped } = failure;
        self.transitions.refreshed(&format_args!("it failed: {error}"));
        if !self.must_answer {
            self.transitions.failed(self.schedule.now(), &error, self.published.len());
        }
        self.expire_if_due(now, &error);
        self.conclude(skipped, Some(Arc::clone(&error)), |status| {
            status.failures += 1;
            status.failing = true;
        });
        self.error = Some(error);
    }

    /// Takes the set out of use if discovery has been failing for too long.
    fn expire_if_due(&mut self, now: Instant, error: &SharedError) {
        if self.schedule.validity(now) == Validity::Expired {
            self.transitions.expired(self.schedule.now(), error);
            self.shared.expire(Error::discovery(Arc::clone(&self.shared.name), Arc::clone(error)));
        }
    }

    fn conclude(&mut self, skipped: u64, error: Option<SharedError>, change: impl FnOnce(&mut Status)) {
        let next_refresh = self.schedule.next_refresh();
        self.shared.conclude(error, |status| {
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
