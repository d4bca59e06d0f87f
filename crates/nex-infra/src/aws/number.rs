//! Converts numbers between the model and the SDK, which uses `i32`.

/// A number of the model in the SDK's type.
pub(super) fn to_sdk(number: impl Into<u32>) -> i32 {
    i32::try_from(number.into()).unwrap_or(i32::MAX)
}

/// A number of an answer. A negative number becomes 0, because counts and sizes are never negative.
pub(super) fn from_sdk(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
