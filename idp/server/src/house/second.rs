//! Second factors over this service's store, keys and counters.

use std::sync::Arc;

use signet_authn::factors::{
    EnrolmentPermit, FactorGuard, FactorLimits, FactorSeal, FactorVault, Passkeys, Radius,
    RadiusSecret, RadiusServer, RadiusSettings, RadiusUserName, RecoveryCodes, SecondFactor,
    SecondFactors, Totp,
};
use signet_authn::{AttemptLedger, AuthenticatedUser};
use signet_certs::MasterKey;
use signet_model::{Evidence, MessagePair, Method};
use signet_store::Store;
use time::Duration;
use zeroize::Zeroizing;

use super::House;
use super::open::OpenError;
use super::vault::StoreVault;
use crate::config::{Config, RadiusName, SecondFactor as Settings};

/// The configured factors, in the order in which they are offered; `None` when there is no `[second_factor]`.
pub(super) fn open(
    config: &Config,
    store: &Store,
    master: &MasterKey,
    ledger: Arc<dyn AttemptLedger>,
) -> Result<Option<SecondFactors>, OpenError> {
    let Some(settings) = &config.second_factor else {
        return Ok(None);
    };
    let vault: Arc<dyn FactorVault> = Arc::new(StoreVault(store.clone()));
    let codes = master.mac("recovery codes")?.tag(b"key");
    let seal = Arc::new(FactorSeal::new(master.sealer("second factor")?, &codes));
    let organisation = &config.service.organisation;
    let mut providers: Vec<Box<dyn SecondFactor>> = Vec::new();
    if settings.passkeys {
        let origin = url::Url::parse(&config.origin())
            .map_err(|error| OpenError(format!("[service] host: {error}")))?;
        let passkeys = Passkeys::new(
            Arc::clone(&vault),
            &config.service.host,
            &origin,
            organisation,
        )
        .map_err(|failure| OpenError(format!("[second_factor] passkeys: {failure}")))?;
        providers.push(Box::new(passkeys));
    }
    if settings.totp {
        providers.push(Box::new(Totp::new(Arc::clone(&vault), organisation)));
    }
    if let Some(radius) = radius(settings)? {
        providers.push(Box::new(Radius::new(radius)));
    }
    if settings.recovery_codes {
        providers.push(Box::new(RecoveryCodes::new(
            Arc::clone(&vault),
            Arc::clone(&seal),
        )));
    }
    let limits = FactorLimits {
        tries: settings.tries,
        window: Duration::minutes(i64::from(settings.window_minutes)),
        tries_a_day: settings.tries_a_day,
    };
    let key = master.mac("attempt-buckets")?.tag(b"key");
    let guard = FactorGuard::new(ledger, limits, &key);
    Ok(Some(SecondFactors::new(providers, vault, seal, guard)))
}

fn radius(settings: &Settings) -> Result<Option<RadiusSettings>, OpenError> {
    let Some(radius) = &settings.radius else {
        return Ok(None);
    };
    let mut servers = Vec::new();
    for server in &radius.servers {
        let secret = RadiusSecret::load(&server.secret_file)
            .map_err(|error| OpenError(format!("[second_factor.radius] secret_file: {error}")))?;
        servers.push(RadiusServer {
            address: server.address,
            secret: Arc::new(secret),
        });
    }
    let mut built = RadiusSettings::new(servers, &radius.nas_identifier);
    built.user_name = match radius.user_name {
        RadiusName::Sam => RadiusUserName::Sam,
        RadiusName::DownLevel => RadiusUserName::DownLevel,
        RadiusName::Upn => RadiusUserName::Upn,
    };
    Ok(Some(built))
}

/// The methods that `[second_factor]` can add, in the order in which they are offered.
pub(super) fn methods(config: &Config) -> Vec<Method> {
    let Some(settings) = &config.second_factor else {
        return Vec::new();
    };
    [
        (settings.passkeys, Method::SecurityKey),
        (settings.totp, Method::Totp),
        (settings.radius.is_some(), Method::Radius),
        (settings.recovery_codes, Method::RecoveryCode),
    ]
    .into_iter()
    .filter_map(|(on, method)| on.then_some(method))
    .collect()
}

impl House {
    /// Every factor of this installation that adds to `evidence`.
    pub(crate) fn second_methods(&self, evidence: &Evidence) -> Vec<Method> {
        let first = evidence.primary().method;
        let all = self.methods.second().iter().copied();
        all.filter(|method| method.adds_to(first)).collect()
    }

    /// Recovery codes for an account that just got its first factor; empty when it had one, or none are given out.
    pub(crate) async fn first_recovery_codes(
        &self,
        second: &SecondFactors,
        permit: &EnrolmentPermit,
        user: &AuthenticatedUser,
    ) -> Result<Vec<Zeroizing<String>>, MessagePair> {
        let given = self.methods.second().contains(&Method::RecoveryCode);
        if !permit.first() || !given {
            return Ok(Vec::new());
        }
        second
            .renew_recovery_codes(permit, user, self.clock.now())
            .await
            .map_err(|failure| failure.message())
    }
}
