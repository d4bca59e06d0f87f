//! The place for secrets of the [`Fake`].

use nex_dns::certificate::{
    CertificateSecret, SecretReader, SecretWriter, StoreOutcome, Stored, Versioned,
};

use crate::fake::{Fake, FakeError};

impl SecretReader for Fake {
    type Error = FakeError;
    type Writer = Self;

    async fn summary(&self, name: &str) -> Result<Option<Stored>, FakeError> {
        let held = self.value(name).await;
        let by_others = self.state().by_others.map(|version| version.to_string());
        Ok(
            held.map(|held| match Some(&held.version) == by_others.as_ref() {
                true => Stored::Unknown,
                false => Stored::Known(held.secret.summary()),
            }),
        )
    }

    async fn read(&self, name: &str) -> Result<Option<Versioned>, FakeError> {
        self.state().values_read += 1;
        Ok(self.value(name).await)
    }

    fn writer(&self) -> Self {
        self.state().writers += 1;
        self.clone()
    }
}

impl Fake {
    async fn value(&self, _: &str) -> Option<Versioned> {
        self.give_way().await;
        let secret = self.state().secret.clone();
        secret.map(|(version, text)| Versioned {
            version: version.to_string(),
            secret: CertificateSecret::parse(&text.into()).expect("what was stored"),
        })
    }
}

impl SecretWriter for Fake {
    type Error = FakeError;

    async fn store(
        &self,
        _: &str,
        value: &CertificateSecret,
        over: Option<&str>,
    ) -> Result<StoreOutcome, FakeError> {
        let text = secrecy::ExposeSecret::expose_secret(&value.to_json()).to_owned();
        self.write(|state| {
            let current = state.secret.as_ref().map(|(version, _)| *version);
            if current.map(|version| version.to_string()).as_deref() != over {
                return Ok(StoreOutcome::Conflict);
            }
            let version = current.unwrap_or_default() + 1;
            state.secret = Some((version, text));
            Ok(StoreOutcome::Stored(version.to_string()))
        })
        .await
    }
}
