//! The behaviour that moto lacks, tested with boto3. Each script has its own sandbox.

use crate::{script, start};

macro_rules! scripts {
    ($($name:ident),*) => {$(
        #[tokio::test]
        async fn $name() {
            let sandbox = start().await;
            let text = include_str!(concat!("scripts/", stringify!($name), ".py"));
            script(&sandbox, text);
        }
    )*};
}

scripts!(
    access, activities, buckets, catalogue, dlm, group_ends, groups, instances, lag, network, past,
    profiles, refusals, secrets, seed, storage, tag_rules, tags
);
