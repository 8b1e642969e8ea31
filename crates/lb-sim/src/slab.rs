use crate::time::index;

/// Things at numbered places, which are used again; each use of a place has a generation.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    /// The place that it gets.
    pub(crate) fn insert(&mut self, thing: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.places[place as usize].1 = Some(thing);
            return place;
        }
        self.places.push((0, Some(thing)));
        index(self.places.len() - 1)
    }

    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        self.places[place as usize].1.as_ref()
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.places[place as usize].1.as_mut()
    }

    pub(crate) fn remove(&mut self, place: u32) -> Option<T> {
        let (generation, thing) = &mut self.places[place as usize];
        let removed = thing.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(place);
        Some(removed)
    }

    /// Changes when the place is left.
    pub(crate) fn generation(&self, place: u32) -> u32 {
        self.places[place as usize].0
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}
