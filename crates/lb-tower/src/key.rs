use std::hash::{Hash, Hasher};

use lb_core::Instance;

/// What identifies a member of a set: its address and host. Two keys with the same of these are equal, whatever the
/// rest of their instances says.
#[derive(Clone, Debug)]
pub struct Key(Instance);

impl Key {
    pub(crate) fn new(instance: &Instance) -> Self {
        Self(instance.clone())
    }

    /// The instance as it stood when its endpoint was inserted.
    pub fn instance(&self) -> &Instance {
        &self.0
    }
}

/// What instances are told apart by, and a set is ordered by.
pub(crate) fn identity(instance: &Instance) -> (&str, Option<&str>) {
    (instance.address(), instance.host())
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        identity(&self.0) == identity(&other.0)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        identity(&self.0).hash(state);
    }
}
