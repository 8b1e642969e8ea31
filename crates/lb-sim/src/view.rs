use std::sync::Arc;

use lb_core::{EndpointCache, Instance};

use crate::server::ServerId;

/// What one client, or all that share it, knows of the fleet.
#[derive(Debug)]
pub(crate) struct View {
    cache: Arc<EndpointCache<ServerId>>,
    present: Vec<bool>,
}

/// An instance without a server of its number.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no server of the fleet")]
struct NoServer(String);

impl View {
    /// Of the servers that are `present`.
    pub(crate) fn new(instances: &[Instance], present: &[bool]) -> Self {
        let cache = Arc::new(EndpointCache::new(|instance: &Instance| {
            server_of(instance).ok_or_else(|| NoServer(instance.address().to_owned()))
        }));
        let view = Self { cache, present: present.to_vec() };
        view.publish(instances);
        view
    }

    pub(crate) fn publisher(&self) -> Arc<EndpointCache<ServerId>> {
        Arc::clone(&self.cache)
    }

    pub(crate) fn discover(&mut self, server: u32, present: bool, instances: &[Instance]) {
        self.present[server as usize] = present;
        self.publish(instances);
    }

    /// The servers it knows of.
    pub(crate) fn servers<'a>(&'a self, instances: &'a [Instance]) -> impl Iterator<Item = &'a Instance> {
        instances.iter().zip(&self.present).filter(|(_, present)| **present).map(|(instance, _)| instance)
    }

    fn publish(&self, instances: &[Instance]) {
        self.cache.replace(self.servers(instances).cloned());
    }
}

/// The number is in the address: see `Server::instance`.
pub(crate) fn server_of(instance: &Instance) -> Option<ServerId> {
    let digits = instance.address().strip_prefix("server-")?.strip_suffix(":80")?;
    digits.parse().ok().map(ServerId)
}
