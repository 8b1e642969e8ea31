//! The addresses of many names at once.

use std::sync::Arc;

use hickory_proto::rr::RecordType;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::reply::Found;
use super::servers::Servers;
use crate::Addresses;

/// How many questions of one IP version are under way at a time. Each has a descriptor.
const AT_A_TIME: usize = 32;
/// A question's own time-out is told better than that of all of them: it comes first.
const SLACK: std::time::Duration = std::time::Duration::from_millis(20);

/// What became of the questions for one IP version, by the place of the name.
pub(crate) struct Asked {
    pub(crate) kind: RecordType,
    pub(crate) outcomes: Vec<Result<Addresses, Failure>>,
}

/// Asks for the addresses of each name, in lanes of their own for the IP versions: silence about one holds up nothing of
/// the other, and all of it ends when one question to silent servers would.
pub(crate) async fn resolve_all(
    servers: &Arc<Servers>,
    names: &Arc<[String]>,
    kinds: &[RecordType],
) -> Vec<Asked> {
    let mut lanes = JoinSet::new();
    for &kind in kinds {
        lanes.spawn(lane(Arc::clone(servers), Arc::clone(names), kind));
    }
    let mut all = lanes.join_all().await;
    all.sort_by_key(|asked| asked.kind);
    all
}

async fn lane(servers: Arc<Servers>, names: Arc<[String]>, kind: RecordType) -> Asked {
    let patience = servers.patience();
    let deadline = Instant::now() + patience + SLACK;
    let mut outcomes: Vec<Option<Result<Addresses, Failure>>> = names.iter().map(|_| None).collect();
    let (mut next, mut under_way) = (0..names.len(), JoinSet::new());
    loop {
        while under_way.len() < AT_A_TIME
            && let Some(index) = next.next()
        {
            let (servers, names) = (Arc::clone(&servers), Arc::clone(&names));
            under_way.spawn(async move { (index, servers.resolve(&names[index], kind).await) });
        }
        match timeout_at(deadline, under_way.join_next()).await {
            Ok(Some(Ok((index, outcome)))) => outcomes[index] = Some(outcome.map(Found::into_addresses)),
            Ok(Some(Err(_panicked))) => {}
            Ok(None) | Err(_) => break,
        }
    }
    let late = |name: &String| Err(Failure::out_of_time(name, kind, patience));
    let outcomes = outcomes.into_iter().zip(names.iter());
    Asked { kind, outcomes: outcomes.map(|(outcome, name)| outcome.unwrap_or_else(|| late(name))).collect() }
}
