//! Every route, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::house::House;
use crate::web::caller::Caller;
use crate::{demo, flow};

/// Largest request body, in octets: a token request of a partner is a few kilobytes.
const LARGEST_BODY: usize = 256 * 1024;

/// A canonical path (lower case, no last slash), what it takes, and what it is for.
struct Route {
    path: &'static str,
    methods: &'static str,
    serve: fn() -> MethodRouter<Arc<House>>,
}

/// What `signet serve` answers on.
const ROUTES: &[Route] = &[
    Route {
        path: "/adfs/ls",
        methods: "GET POST",
        serve: || get(flow::get).post(flow::post),
    },
    Route {
        path: "/adfs/ls/idpinitiatedsignon",
        methods: "GET",
        serve: || get(flow::idp_initiated),
    },
    Route {
        path: "/adfs/ls/idpinitiatedsignon.aspx",
        methods: "GET",
        serve: || get(flow::idp_initiated),
    },
    Route {
        path: "/adfs/portal/updatepassword",
        methods: "GET POST",
        serve: || get(flow::change::get).post(flow::change::post),
    },
    Route {
        path: "/adfs/portal/factors",
        methods: "GET POST",
        serve: || get(flow::portal::factors::get).post(flow::portal::factors::post),
    },
    Route {
        path: "/adfs/portal/sessions",
        methods: "GET POST",
        serve: || get(flow::portal::sessions::get).post(flow::portal::sessions::post),
    },
    Route {
        path: "/adfs/portal",
        methods: "GET",
        serve: || get(flow::portal::get),
    },
    Route {
        path: "/adfs/certauth",
        methods: "GET",
        serve: || get(flow::judge_certificate),
    },
    Route {
        path: "/federationmetadata/2007-06/federationmetadata.xml",
        methods: "GET",
        serve: || get(federation_metadata),
    },
    Route {
        path: "/adfs/probe",
        methods: "GET",
        serve: || get(probe),
    },
    Route {
        path: "/adfs/portal/css/brand.css",
        methods: "GET",
        serve: || get(brand_style),
    },
    Route {
        path: "/adfs/portal/css/{file}",
        methods: "GET",
        serve: || get(style),
    },
    Route {
        path: "/adfs/portal/script/{file}",
        methods: "GET",
        serve: || get(script),
    },
];

/// What `signet demo` answers on besides.
const DEMO_ROUTES: &[Route] = &[
    Route {
        path: "/",
        methods: "GET",
        serve: || get(demo::home),
    },
    Route {
        path: "/demo",
        methods: "GET",
        serve: || get(demo::home),
    },
    Route {
        path: "/demo/wsfed",
        methods: "GET POST",
        serve: || get(demo::home).post(demo::receive_wsfed),
    },
    Route {
        path: "/demo/saml/entra",
        methods: "POST",
        serve: || post(demo::receive_saml_entra),
    },
    Route {
        path: "/demo/saml/entra/start",
        methods: "GET",
        serve: || get(demo::start_saml_entra),
    },
    Route {
        path: "/demo/saml/wiki",
        methods: "POST",
        serve: || post(demo::receive_saml_wiki),
    },
    Route {
        path: "/demo/saml/wiki/start",
        methods: "GET",
        serve: || get(demo::start_saml_wiki),
    },
];

/// The router over canonical paths.
pub(crate) fn router(house: Arc<House>) -> Router {
    let mut router = Router::new();
    let demo = if house.config.demo { DEMO_ROUTES } else { &[] };
    for route in ROUTES.iter().chain(demo) {
        tracing::debug!(path = route.path, methods = route.methods, "route");
        router = router.route(route.path, (route.serve)());
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(house)
}

/// Load balancers ask this, also over plain HTTP. Empty, as AD FS has it; 503 while draining or without a store.
async fn probe(State(house): State<Arc<House>>) -> Response {
    if house.is_ready() {
        StatusCode::OK.into_response()
    } else {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

async fn federation_metadata(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    match house.federation_metadata() {
        Ok(document) => (
            [
                (CONTENT_TYPE, "text/xml; charset=utf-8"),
                (CACHE_CONTROL, "max-age=60"),
            ],
            String::from(&*document),
        )
            .into_response(),
        Err(error) => flow::Reply::new(&house, &caller).message(&error),
    }
}

async fn brand_style(State(house): State<Arc<House>>) -> Response {
    (
        [
            (CONTENT_TYPE, "text/css; charset=utf-8"),
            (CACHE_CONTROL, "max-age=300"),
        ],
        house.brand.style(),
    )
        .into_response()
}

async fn style(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    Path(file): Path<String>,
) -> Response {
    asset(&house, &caller, &format!("/adfs/portal/css/{file}"))
}

async fn script(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    Path(file): Path<String>,
) -> Response {
    asset(&house, &caller, &format!("/adfs/portal/script/{file}"))
}

fn asset(house: &Arc<House>, caller: &Caller, path: &str) -> Response {
    match signet_pages::asset(path) {
        Some(asset) => (
            [
                (CONTENT_TYPE, asset.content_type),
                (CACHE_CONTROL, "max-age=300"),
            ],
            asset.text,
        )
            .into_response(),
        None => flow::Reply::new(house, caller).status(StatusCode::NOT_FOUND),
    }
}

async fn not_found(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    flow::Reply::new(&house, &caller).status(StatusCode::NOT_FOUND)
}

async fn method_not_allowed(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    flow::Reply::new(&house, &caller).status(StatusCode::METHOD_NOT_ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::path::canonical;

    #[test]
    fn every_route_is_a_canonical_path_and_listed_in_the_documentation() {
        let documented = include_str!("../../../docs/routes.md");
        for route in ROUTES.iter().chain(DEMO_ROUTES) {
            let concrete = route.path.replace("{file}", "file");
            assert_eq!(
                canonical(&concrete).as_deref(),
                Some(concrete.as_str()),
                "{}",
                route.path
            );
            let line = format!("| `{}` | {} |", route.path, route.methods);
            assert!(documented.contains(&line), "docs/routes.md lacks: {line}");
        }
    }
}
