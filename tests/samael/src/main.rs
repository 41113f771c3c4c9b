//! samael's service provider as a command.
//!
//! `signet-test-samael metadata|redirect|signed-redirect|post|validate` reads one JSON object on standard input and prints
//! one on standard output; exit code 1 and `{"refused": …}` when samael refuses the response.
//!
//! Input: `entity_id`, `acs_url`, `slo_url`, and except for `metadata` `idp_metadata` (the document); for requests `relay_state`,
//! `force_authn`, `name_id_format`; for `validate` `response` (base64) and `request_ids`; optional `key` and `certificate` (PEM) of the provider.

use std::error::Error;
use std::io::{Read, stdin};
use std::process::ExitCode;

use samael::crypto::{AllowedSignatureAlgorithm, CertificateDer};
use samael::metadata::{EntityDescriptor, HTTP_POST_BINDING, HTTP_REDIRECT_BINDING};
use samael::schema::Assertion;
use samael::service_provider::ServiceProvider;
use samael::traits::ToXml;
use serde_json::{Map, Value, json};

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    match run(&command) {
        Ok(answer) => {
            println!("{answer}");
            if answer.get("refused").is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("{command}: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: &str) -> Fallible<Value> {
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    let input: Map<String, Value> = serde_json::from_str(&text)?;
    let provider = provider(&input)?;
    match command {
        "metadata" => Ok(json!({ "metadata": provider.metadata()?.to_string()? })),
        "redirect" | "signed-redirect" | "post" => request(command, &provider, &input),
        "validate" => Ok(validate(&provider, &input)),
        _ => Err("metadata, redirect, signed-redirect, post or validate".into()),
    }
}

fn string(input: &Map<String, Value>, name: &str) -> Option<String> {
    input.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn provider(input: &Map<String, Value>) -> Fallible<ServiceProvider> {
    let idp_metadata = match string(input, "idp_metadata") {
        Some(document) => document.parse::<EntityDescriptor>()?,
        None => EntityDescriptor::default(),
    };
    let key = string(input, "key").map(|pem| openssl::pkey::PKey::private_key_from_pem(pem.as_bytes())).transpose()?;
    let certificate = string(input, "certificate")
        .map(|pem| openssl::x509::X509::from_pem(pem.as_bytes()).and_then(|one| one.to_der()))
        .transpose()?
        .map(CertificateDer::from);
    Ok(ServiceProvider {
        entity_id: string(input, "entity_id"),
        acs_url: string(input, "acs_url"),
        slo_url: string(input, "slo_url"),
        authn_name_id_format: string(input, "name_id_format"),
        force_authn: input.get("force_authn").and_then(Value::as_bool).unwrap_or(false),
        allowed_signature_algorithms: Some(vec![AllowedSignatureAlgorithm::RsaSha256]),
        key,
        certificate,
        idp_metadata,
        ..ServiceProvider::default()
    })
}

fn request(command: &str, provider: &ServiceProvider, input: &Map<String, Value>) -> Fallible<Value> {
    let binding = if command == "post" { HTTP_POST_BINDING } else { HTTP_REDIRECT_BINDING };
    let location = provider.sso_binding_location(binding).ok_or("the metadata has no SingleSignOnService of that binding")?;
    let request = provider.make_authentication_request(&location)?;
    let relay_state = string(input, "relay_state").unwrap_or_default();
    if command == "post" {
        return Ok(json!({ "id": request.id, "location": location, "document": request.to_string()? }));
    }
    let url = match (&provider.key, command) {
        (Some(key), "signed-redirect") => request.signed_redirect(&relay_state, key)?,
        (None, "signed-redirect") => return Err("a signed request needs a key".into()),
        _ => request.redirect(&relay_state)?,
    };
    Ok(json!({ "id": request.id, "url": url.map(|one| one.to_string()) }))
}

fn validate(provider: &ServiceProvider, input: &Map<String, Value>) -> Value {
    // Without a certificate in the metadata samael takes what is not signed at all.
    if !matches!(provider.idp_signing_certs(), Ok(Some(_))) {
        return json!({ "refused": "the metadata names no signing certificate" });
    }
    let ids: Vec<&str> = input.get("request_ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let response = string(input, "response").unwrap_or_default();
    match provider.parse_base64_response(&response, Some(&ids)) {
        Ok(assertion) => said(&assertion),
        Err(error) => json!({ "refused": format!("{error}: {error:?}") }),
    }
}

fn said(assertion: &Assertion) -> Value {
    let mut attributes = Map::new();
    for attribute in assertion.attribute_statements.iter().flatten().flat_map(|statement| &statement.attributes) {
        let values: Vec<Value> = attribute.values.iter().map(|one| json!(one.value)).collect();
        attributes.insert(attribute.name.clone().unwrap_or_default(), Value::Array(values));
    }
    let name_id = assertion.subject.as_ref().and_then(|subject| subject.name_id.as_ref());
    json!({
        "issuer": assertion.issuer.value,
        "name_id": name_id.map(|one| one.value.clone()),
        "name_id_format": name_id.and_then(|one| one.format.clone()),
        "attributes": attributes,
    })
}
