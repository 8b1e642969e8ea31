//! The addresses of many targets at once.

use std::net::IpAddr;
use std::sync::Arc;

use hickory_resolver::proto::rr::RecordType;
use lb_core::BoxError;
use tokio::task::JoinSet;

use super::failure::Failure;
use super::reply::Found;
use super::servers::Servers;
use crate::Addresses;
use crate::answer::shorter;

/// How many questions are under way at a time.
const AT_A_TIME: usize = 32;

/// Asks for the addresses of each target, of both IP versions.
pub(super) async fn resolve_all(
    servers: &Arc<Servers>,
    targets: &[&str],
) -> Vec<Result<Addresses, BoxError>> {
    let mut gathered: Vec<Gathered> = targets.iter().map(|_| Gathered::default()).collect();
    let kinds = [RecordType::A, RecordType::AAAA];
    let mut questions = (0..targets.len()).flat_map(|index| kinds.map(|kind| (index, kind)));
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < AT_A_TIME
            && let Some((index, kind)) = questions.next()
        {
            let (servers, target) = (Arc::clone(servers), targets[index].to_owned());
            under_way.spawn(async move { (index, servers.resolve(&target, kind).await) });
        }
        match under_way.join_next().await {
            Some(Ok((index, outcome))) => gathered[index].add(outcome.map(Found::into_addresses)),
            Some(Err(_panicked)) => {}
            None => return gathered.into_iter().map(Gathered::end).collect(),
        }
    }
}

/// What is known of one target. One IP version is enough: the failure to find out about the other then does not count.
#[derive(Default)]
struct Gathered {
    known: Addresses,
    failure: Option<Failure>,
}

impl Gathered {
    fn add(&mut self, outcome: Result<Addresses, Failure>) {
        match outcome {
            Ok(found) if found.addresses.is_empty() => {}
            Ok(found) => {
                self.known.addresses.extend::<Vec<IpAddr>>(found.addresses);
                self.known.ttl = shorter(self.known.ttl, found.ttl);
            }
            Err(failure) => drop(self.failure.get_or_insert(failure)),
        }
    }

    fn end(self) -> Result<Addresses, BoxError> {
        match self.failure {
            Some(failure) if self.known.addresses.is_empty() => Err(failure.into()),
            _ => Ok(self.known),
        }
    }
}
