//! The settings as a table for people, and as the body of the Graph call.

use serde_json::Value;

use super::settings::DomainSettings;

impl DomainSettings {
    /// Name and value of every setting, in order; the first line of [`DomainSettings::json`] is not among them.
    pub fn rows(&self) -> Vec<(String, String)> {
        let Ok(Value::Object(fields)) = serde_json::to_value(self) else {
            return Vec::new();
        };
        let order = [
            "issuerUri",
            "passiveSignInUri",
            "signOutUri",
            "displayName",
            "preferredAuthenticationProtocol",
            "promptLoginBehavior",
            "federatedIdpMfaBehavior",
            "signingCertificate",
            "nextSigningCertificate",
        ];
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        order
            .into_iter()
            .filter_map(|name| text(name).map(|value| (name.to_owned(), value)))
            .collect()
    }

    /// The settings as aligned text, one a line.
    pub fn table(&self) -> String {
        let rows = self.rows();
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut out = String::new();
        for (name, value) in
            std::iter::once(&("domain".to_owned(), self.domain.clone())).chain(&rows)
        {
            let value: String = value
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            out.push_str(&format!("{name:width$}  {value}\n"));
        }
        out
    }

    /// The body of `POST /v1.0/domains/{domain}/federationConfiguration`, indented.
    pub fn json(&self) -> String {
        // The structure holds strings and unit variants only: it always has a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
