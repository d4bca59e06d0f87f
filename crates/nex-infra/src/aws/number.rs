//! Numbers of the model and of the SDK, which counts in `i32`.

/// A number of the model as the SDK takes it.
pub(super) fn to_sdk(number: impl Into<u32>) -> i32 {
    i32::try_from(number.into()).unwrap_or(i32::MAX)
}

/// A number of an answer; a negative one, which no count or size is, becomes 0.
pub(super) fn from_sdk(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
