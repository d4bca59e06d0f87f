//! The server's root volume.

use nex_plan::UpdateBehavior;

use super::resource::tagged;
use super::{Field, Key, Kind, ResourceKind};
use crate::names::Tags;

/// The root volume of an instance. The launch creates it; it outlives the instance.
///
/// `A` is the instance that the volume is attached to: the server by name, another instance by id, `None` for a volume
/// that was left over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume<A = Option<String>> {
    /// The tag `Name`: the server's. A volume that is not the server's root volume is named by its id.
    pub name: String,
    /// The instance that the volume is attached to.
    pub instance: A,
    /// The size in GB.
    pub size_gb: u32,
    /// The type, such as `gp3`.
    pub volume_type: String,
    /// Whether the volume is encrypted.
    pub encrypted: bool,
    /// The tags.
    pub tags: Tags,
}

/// The root volume that the spec asks for.
pub type DesiredVolume = Volume<String>;

impl<A: Clone + Into<Option<String>>> ResourceKind for Volume<A> {
    const HEADLINE: &'static [&'static str] = &["size_gb", "type", "encrypted"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn fields(&self) -> Vec<Field> {
        let Self {
            name: _,
            instance,
            size_gb,
            volume_type,
            encrypted,
            tags,
        } = self;
        let instance: Option<String> = instance.clone().into();
        vec![
            Field::create_only("instance", "the launch attaches it", instance),
            Field::new("size_gb", UpdateBehavior::GrowOnly, *size_gb),
            Field::in_place("type", volume_type),
            Field::create_only(
                "encrypted",
                "EC2 can't change it: a snapshot's encrypted copy can take its place, by hand",
                *encrypted,
            ),
            Field::tags(tags),
        ]
    }

    fn needs(&self) -> Vec<Key> {
        let instance: Option<String> = self.instance.clone().into();
        let key = |name| Key::new(Kind::Instance, name);
        instance.map(key).into_iter().collect()
    }

    tagged!(tags);
}
