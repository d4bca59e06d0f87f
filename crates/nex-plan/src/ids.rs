//! Ids as types: an id of one kind can't be used in place of an id of another kind.

/// Defines types for the ids that a provider gives. Each holds a text, is the plain text in JSON, and becomes a
/// [`Value`](crate::Value). The calling crate needs serde.
///
/// ```
/// nex_plan::ids! {
///     /// The id of a queue.
///     QueueId;
/// }
///
/// let id = QueueId::new("q-1");
/// assert_eq!(id.as_str(), "q-1");
/// assert_eq!(id.to_string(), "q-1");
/// ```
#[macro_export]
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id with this text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&$name> for $crate::Value {
            fn from(id: &$name) -> Self {
                id.as_str().into()
            }
        }
    )*};
}
