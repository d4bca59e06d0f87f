//! The ids that AWS gives to what is looked up: one type each, so that none stands where another belongs.

use std::fmt;

use nex_plan::Value;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id with this text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&$name> for Value {
            fn from(id: &$name) -> Value {
                id.as_str().into()
            }
        }
    )*};
}

ids! {
    /// The id of a VPC, `vpc-...`.
    VpcId;
    /// The id of a subnet, `subnet-...`.
    SubnetId;
    /// The id of a machine image, `ami-...`.
    ImageId;
    /// The id of a security group, `sg-...`.
    SecurityGroupId;
}
