use std::fmt;
use std::sync::Arc;

use crate::member::Member;
use crate::merge::{in_order, join, merge, unchanged};
use crate::{EndpointId, EndpointSet, Instance};

/// The members of a set in the making: which instances are wanted, and which of them have an endpoint.
///
/// For those who write a publisher and run the factory in their own way; [`EndpointCache`](crate::EndpointCache) is made
/// of it. It knows no factory, no lock and no thread.
///
/// ```
/// use lb_core::{EndpointWriter, Instance};
///
/// let mut writer = EndpointWriter::new();
/// for instance in writer.want(vec![Instance::new("a:80"), Instance::new("b:80")], |_, _| true) {
///     let endpoint = instance.address().to_owned(); // whenever it is made
///     let _ = writer.supply(instance, endpoint, |_, _| true);
/// }
/// assert_eq!(writer.take_set().unwrap().len(), 2);
/// assert!(writer.take_set().is_none()); // nothing has changed since
/// ```
pub struct EndpointWriter<E> {
    /// Those that have an endpoint, ordered by identity.
    members: Vec<Arc<Member<E>>>,
    /// The instances that wait for an endpoint, ordered by identity.
    missing: Vec<Instance>,
    /// Members that were supplied since the last merge, in any order.
    supplied: Vec<Arc<Member<E>>>,
    /// Endpoints to be made anew although they serve.
    renewals: Vec<EndpointId>,
    changed: bool,
}

impl<E> EndpointWriter<E> {
    /// Nothing wanted, no members.
    pub fn new() -> Self {
        Self {
            members: Vec::new(),
            missing: Vec::new(),
            supplied: Vec::new(),
            renewals: Vec::new(),
            changed: false,
        }
    }

    /// Makes `instances`, in any order, what is wanted; of two of one identity (address and host) the first counts.
    /// Returns those for which an endpoint is to be made.
    ///
    /// A survivor keeps its endpoint. Where its attributes changed, `reusable(old, new)` is asked; where that says no, the
    /// old endpoint serves on under its old attributes until its successor is supplied.
    ///
    /// Cost: linear when `instances` are in order (by address, then host), else a sort.
    pub fn want(
        &mut self,
        instances: Vec<Instance>,
        mut reusable: impl FnMut(&Instance, &Instance) -> bool,
    ) -> Vec<Instance> {
        self.join_supplied();
        self.missing.clear();
        let instances = in_order(instances);
        if self.renewals.is_empty() && unchanged(&self.members, &instances) {
            return Vec::new();
        }
        let Self { members, missing, renewals, .. } = self;
        let next = merge(members, instances, |instance, old| {
            let Some(old) = old else {
                missing.push(instance);
                return None;
            };
            let same = *old.instance() == instance;
            if !same && !reusable(old.instance(), &instance) {
                missing.push(instance);
                return Some(Arc::clone(old));
            }
            if renewals.contains(&old.id()) {
                missing.push(instance.clone());
            }
            Some(if same { Arc::clone(old) } else { old.renewed(instance) })
        });
        self.changed |=
            next.len() != members.len() || next.iter().zip(&*members).any(|(a, b)| !Arc::ptr_eq(a, b));
        self.members = next;
        self.forget_renewals();
        self.missing.clone()
    }

    /// Takes an endpoint that was made for `instance`, one that [`want`](Self::want) returned. Where the attributes of the
    /// instance have changed since, `reusable(old, new)` is asked whether it still serves.
    ///
    /// # Errors
    ///
    /// Gives the endpoint back where nobody waits for it any more.
    pub fn supply(
        &mut self,
        instance: Instance,
        endpoint: E,
        reusable: impl FnOnce(&Instance, &Instance) -> bool,
    ) -> Result<(), E> {
        let place = self.missing.binary_search_by(|other| other.cmp_identity(&instance));
        let Some(wanted) = place.ok().map(|index| &self.missing[index]) else { return Err(endpoint) };
        let instance = if *wanted == instance {
            instance
        } else if reusable(&instance, wanted) {
            wanted.clone()
        } else {
            return Err(endpoint);
        };
        self.supplied.push(Member::new(instance, endpoint));
        Ok(())
    }

    /// Has the endpoint `id` made anew: the next [`want`](Self::want) returns its instance, and the old endpoint serves
    /// until then. `false`: it is no member.
    pub fn renew(&mut self, id: EndpointId) -> bool {
        self.join_supplied();
        let known = self.members.iter().any(|member| member.id() == id);
        if known && !self.renewals.contains(&id) {
            self.renewals.push(id);
        }
        known
    }

    /// How many instances wait for an endpoint.
    pub fn missing(&self) -> usize {
        self.missing.len().saturating_sub(self.supplied.len())
    }

    /// The set to publish, if its members differ from those of the set that this returned last (at first: of an empty
    /// one).
    pub fn take_set(&mut self) -> Option<EndpointSet<E>> {
        self.join_supplied();
        std::mem::take(&mut self.changed).then(|| EndpointSet::from_members(self.members.clone()))
    }

    fn join_supplied(&mut self) {
        if self.supplied.is_empty() {
            return;
        }
        let mut supplied = std::mem::take(&mut self.supplied);
        supplied.sort_by(|a, b| a.instance().cmp_identity(b.instance()));
        supplied.dedup_by(|later, first| later.instance().cmp_identity(first.instance()).is_eq());
        let is_supplied = |instance: &Instance| {
            supplied.binary_search_by(|member| member.instance().cmp_identity(instance)).is_ok()
        };
        self.missing.retain(|instance| !is_supplied(instance));
        self.missing.shrink_to_fit();
        self.members = join(std::mem::take(&mut self.members), supplied);
        self.changed = true;
        self.forget_renewals();
    }

    /// Forgets the renewals of endpoints that are members no more.
    fn forget_renewals(&mut self) {
        let Self { members, renewals, .. } = self;
        renewals.retain(|id| members.iter().any(|member| member.id() == *id));
    }
}

impl<E> Default for EndpointWriter<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> fmt::Debug for EndpointWriter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = f.debug_struct("EndpointWriter");
        writer.field("members", &self.members.len()).field("missing", &self.missing).finish_non_exhaustive()
    }
}
