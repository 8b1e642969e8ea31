//! A source that does what a test tells it, and a way to wait for what follows from it.

pub(crate) mod logs;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use lb_core::{BoxError, Context, Instance, Observer, Publisher};
use lb_discovery::{Answer, DiscoveryPublisher, Source};

/// Longer than any wait of a test that passes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A test's end of a [`ScriptedSource`].
pub(crate) struct Script {
    replies: Sender<Reply>,
    asked: Receiver<Option<Instant>>,
    dropped: Receiver<()>,
}

/// Answers as its script says, and waits for the script when it says nothing.
pub(crate) struct ScriptedSource {
    replies: Receiver<Reply>,
    asked: Sender<Option<Instant>>,
    _dropped: Sender<()>,
}

enum Reply {
    Answer(Answer),
    Failure(String),
    Panic,
}

pub(crate) fn script() -> (Script, ScriptedSource) {
    let (replies, told) = unbounded();
    let (asks, asked) = unbounded();
    let (alive, dropped) = unbounded();
    (Script { replies, asked, dropped }, ScriptedSource { replies: told, asked: asks, _dropped: alive })
}

impl Script {
    pub(crate) fn answer<const N: usize>(&self, addresses: [&str; N]) {
        self.reply(Answer::new(addresses.map(Instance::new).to_vec()));
    }

    pub(crate) fn reply(&self, answer: Answer) {
        self.send(Reply::Answer(answer));
    }

    pub(crate) fn fail(&self, message: &str) {
        self.send(Reply::Failure(message.into()));
    }

    pub(crate) fn panic(&self) {
        self.send(Reply::Panic);
    }

    /// Waits until the source is asked once more, and returns by when it is to answer.
    pub(crate) fn asked(&self) -> Option<Instant> {
        self.asked.recv_timeout(LONG).expect("the source was not asked")
    }

    /// Whether the source has been asked since the last look.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.try_recv().is_ok()
    }

    /// Waits until the source is dropped.
    pub(crate) fn dropped(&self) {
        let left = self.dropped.recv_timeout(LONG);
        assert!(matches!(left, Err(crossbeam_channel::RecvTimeoutError::Disconnected)), "it lives: {left:?}");
    }

    fn send(&self, reply: Reply) {
        self.replies.send(reply).expect("the source has gone");
    }
}

impl Source for ScriptedSource {
    fn fetch(&mut self, ctx: &Context) -> Result<Answer, BoxError> {
        let _ = self.asked.send(ctx.deadline());
        let reply = select! {
            recv(self.replies) -> reply => reply?,
            recv(ctx.cancelled()) -> _ => return Err("cancelled".into()),
        };
        match reply {
            Reply::Answer(answer) => Ok(answer),
            Reply::Failure(message) => Err(message.into()),
            Reply::Panic => panic!("scripted"),
        }
    }
}

/// The endpoint of an instance is its address.
#[expect(clippy::unnecessary_wraps, reason = "a factory returns a result")]
pub(crate) fn echo(instance: &Instance) -> Result<String, BoxError> {
    Ok(instance.address().to_owned())
}

/// The addresses of the current set, or its error, in one line.
pub(crate) fn set<P: Publisher>(publisher: &P) -> String {
    match publisher.endpoints() {
        Ok(endpoints) => endpoints.instances().map(Instance::address).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    }
}

/// Waits for something that no event tells of.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Context::background().with_timeout(LONG);
    while !holds() {
        assert!(!patience.is_done(), "it never came to this: {what}");
        std::thread::park_timeout(Duration::from_micros(100));
    }
}

/// Waits for the end of the `count`th refresh.
#[track_caller]
pub(crate) fn refreshed<E>(publisher: &DiscoveryPublisher<E>, count: u64) {
    until("the end of a refresh", || publisher.status().refreshes() >= count);
}

#[expect(clippy::disallowed_methods, reason = "there is no other way to a first Instant, or to measure")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Sends a message for each change.
pub(crate) struct Told(Sender<()>);

impl Observer for Told {
    fn changed(&self) {
        let _ = self.0.send(());
    }
}

/// Subscribes; the observer is to be kept.
pub(crate) fn observe<P: Publisher>(publisher: &P) -> (Arc<Told>, Receiver<()>) {
    let (sender, receiver) = unbounded();
    let observer = Arc::new(Told(sender));
    let weak: Weak<dyn Observer> = Arc::<Told>::downgrade(&observer);
    assert!(publisher.subscribe(weak));
    (observer, receiver)
}

/// The goal for a change while a factory or a destructor hangs.
pub(crate) const PROMPTLY: Duration = Duration::from_millis(50);

/// The best of five: a busy machine may take its time as well.
#[track_caller]
pub(crate) fn promptly(what: &str, limit: Duration, mut measure: impl FnMut() -> Duration) {
    let best = (0..5).map(|_| measure()).min().unwrap();
    assert!(best <= limit, "{what} took {best:?}");
}
