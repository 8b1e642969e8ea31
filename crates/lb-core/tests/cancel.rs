//! `Canceller`: what a cancellation reaches, and who is told of it how.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread;

use crossbeam_channel::{TryRecvError, select};
use lb_core::{Cancelled, Canceller, Context};

fn cancellable() -> (Context, Canceller) {
    Context::background().with_cancel()
}

#[test]
fn cancel_reaches_what_derives_and_never_the_parent_or_a_sibling() {
    let (parent, _keeps) = cancellable();
    let (child, canceller) = parent.with_cancel();
    let (sibling, _sibling) = parent.with_cancel();
    let (grandchild, _grandchild) = child.with_cancel();
    canceller.cancel();
    assert!(child.is_done() && grandchild.is_done());
    assert!(!parent.is_done() && !sibling.is_done());
}

#[test]
fn cancel_reaches_grandchildren_whose_parents_are_dropped() {
    let (root, canceller) = cancellable();
    let grandchild = {
        let (child, _) = root.with_cancel();
        child.with_cancel().0
    };
    drop(root);
    canceller.cancel();
    assert!(grandchild.is_cancelled());
}

#[test]
fn what_derives_from_a_cancelled_context_is_cancelled() {
    let (ctx, canceller) = cancellable();
    canceller.cancel();
    let (late, _canceller) = ctx.with_cancel();
    assert!(late.is_cancelled() && late.with_cancel().0.is_cancelled());
    assert_eq!(late.cancelled().try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn cancelling_again_changes_nothing_and_dropping_the_canceller_cancels_nothing() {
    let (ctx, canceller) = cancellable();
    drop(canceller.clone());
    assert!(!ctx.is_done());
    canceller.cancel();
    canceller.cancel();
    drop(canceller);
    assert!(ctx.is_done());
    let (ctx, canceller) = cancellable();
    drop(canceller);
    assert!(!ctx.is_done());
    assert_eq!(ctx.cancelled().try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn cancelled_disconnects_in_the_context_and_in_what_derives() {
    let (ctx, canceller) = cancellable();
    let (child, _child) = ctx.with_cancel();
    let (asked_before, asked_before_in_child) = (ctx.cancelled(), child.cancelled());
    assert_eq!(asked_before.try_recv(), Err(TryRecvError::Empty));
    canceller.cancel();
    let asked_after = ctx.clone();
    for receiver in [asked_before, asked_before_in_child, asked_after.cancelled()] {
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    }
}

#[test]
fn a_select_on_cancelled_wakes_from_another_thread() {
    let (ctx, canceller) = cancellable();
    let (ready, is_ready) = crossbeam_channel::bounded::<()>(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            ready.send(()).unwrap();
            select! {
                recv(ctx.cancelled()) -> nothing => assert!(nothing.is_err()),
                recv(crossbeam_channel::never::<()>()) -> _ => unreachable!(),
            }
        });
        is_ready.recv().unwrap();
        canceller.cancel();
        waiting.join().unwrap();
    });
}

/// Counts how often it is woken.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn waker() -> (Waker, Arc<Counting>) {
    let counting = Arc::new(Counting::default());
    (Waker::from(Arc::clone(&counting)), counting)
}

#[test]
fn on_cancelled_wakes_every_waiting_task_once_and_is_ready_then() {
    let (ctx, canceller) = cancellable();
    let child = ctx.with_cancel().0;
    let (waker, woken) = waker();
    let mut task = TaskContext::from_waker(&waker);
    let mut futures =
        [Box::pin(ctx.on_cancelled()), Box::pin(ctx.on_cancelled()), Box::pin(child.on_cancelled())];
    assert!(futures.iter_mut().all(|future| future.as_mut().poll(&mut task).is_pending()));
    canceller.cancel();
    assert_eq!(woken.0.load(Ordering::Relaxed), 3);
    assert!(futures.iter_mut().all(|future| future.as_mut().poll(&mut task).is_ready()));
    assert_eq!(pin!(ctx.on_cancelled()).poll(&mut task), Poll::Ready(()), "and for who asks later");
}

#[test]
fn on_cancelled_wakes_the_task_that_polled_last_alone() {
    let (ctx, canceller) = cancellable();
    let ((first, first_woken), (last, last_woken)) = (waker(), waker());
    let mut future = pin!(ctx.on_cancelled());
    for waker in [&first, &first, &last] {
        assert!(future.as_mut().poll(&mut TaskContext::from_waker(waker)).is_pending());
    }
    drop(first);
    assert_eq!(Arc::strong_count(&first_woken), 1, "the replaced waker is let go");
    canceller.cancel();
    assert_eq!((first_woken.0.load(Ordering::Relaxed), last_woken.0.load(Ordering::Relaxed)), (0, 1));
}

#[test]
fn a_dropped_on_cancelled_is_deregistered() {
    let (ctx, canceller) = cancellable();
    let (waker, woken) = waker();
    let before = Arc::strong_count(&woken);
    for _ in 0..3 {
        let mut future = Box::pin(ctx.on_cancelled());
        assert!(future.as_mut().poll(&mut TaskContext::from_waker(&waker)).is_pending());
        assert_eq!(Arc::strong_count(&woken), before + 1);
        drop(future);
        assert_eq!(Arc::strong_count(&woken), before);
    }
    canceller.cancel();
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
}

#[test]
fn on_cancelled_never_comes_where_nothing_can_cancel() {
    let mut task = TaskContext::from_waker(Waker::noop());
    assert!(pin!(Context::background().on_cancelled()).poll(&mut task).is_pending());
}

/// Holds another waiting future of the same context, as a task that owns its future does.
struct Task(#[expect(dead_code, reason = "dropped with the task")] Cancelled);

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_whose_end_drops_another_waiting_future_does_not_deadlock() {
    let (ctx, _canceller) = cancellable();
    let poll = |future: &mut Cancelled, waker: &Waker| {
        assert!(pin!(future).poll(&mut TaskContext::from_waker(waker)).is_pending());
    };
    let task = || {
        let mut inner = ctx.on_cancelled();
        poll(&mut inner, Waker::noop());
        Waker::from(Arc::new(Task(inner)))
    };
    let mut moved = ctx.on_cancelled();
    poll(&mut moved, &task());
    poll(&mut moved, &task());
    drop(moved);
    assert!(!ctx.is_cancelled());
}

/// Panics when it is woken.
struct Broken;

impl Wake for Broken {
    fn wake(self: Arc<Self>) {
        panic!("no such task");
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_else_from_being_cancelled_and_woken() {
    let (ctx, canceller) = cancellable();
    let (child, _canceller) = ctx.with_cancel();
    let (waker, woken) = waker();
    let wakers = [waker.clone(), Waker::from(Arc::new(Broken)), waker];
    let mut futures = [ctx.on_cancelled(), ctx.on_cancelled(), child.on_cancelled()];
    for (future, waker) in futures.iter_mut().zip(&wakers) {
        assert!(pin!(future).poll(&mut TaskContext::from_waker(waker)).is_pending());
    }
    canceller.cancel();
    assert!(child.is_cancelled());
    assert_eq!(woken.0.load(Ordering::Relaxed), 2);
}

#[test]
fn a_chain_of_100_000_contexts_overflows_no_stack_when_cancelled_dropped_or_printed() {
    let chain = || {
        let (root, canceller) = cancellable();
        let last = (0..100_000).fold(root, |ctx, _| ctx.with_cancel().0);
        (last, canceller)
    };
    let (last, canceller) = chain();
    assert!(format!("{last:?}").len() < 1000);
    canceller.cancel();
    assert!(last.is_cancelled());
    drop((last, canceller));
    let (last, canceller) = chain();
    drop(canceller);
    drop(last);
}

#[test]
fn threads_that_derive_while_another_cancels_are_all_cancelled() {
    for _ in 0..200 {
        let (ctx, canceller) = cancellable();
        let start = Barrier::new(3);
        thread::scope(|scope| {
            let deriving = [(); 2].map(|()| {
                scope.spawn(|| {
                    start.wait();
                    let (child, _) = ctx.with_cancel();
                    let (grandchild, _) = child.with_cancel();
                    (child, grandchild)
                })
            });
            start.wait();
            canceller.cancel();
            for thread in deriving {
                let (child, grandchild) = thread.join().unwrap();
                assert!(child.is_cancelled() && grandchild.is_cancelled());
                assert_eq!(grandchild.cancelled().try_recv(), Err(TryRecvError::Disconnected));
            }
        });
    }
}
