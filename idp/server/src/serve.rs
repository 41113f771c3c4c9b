//! Serving until told to stop.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use signet_authn::{NetworkMap, TrustedProxy};
use signet_directory::DirectoryEvent;
use signet_store::Health;
use tokio::net::TcpListener;
use tokio::sync::mpsc::Receiver;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tracing::{error, info, warn};

use crate::config::Config;
use crate::flow::page_for_status;
use crate::house::{Certificates, DirectoryRoots, DirectoryWatch, House, OpenError};
use crate::routes::router;
use crate::signals::{Asked, Signals};
use crate::web::answer::{Front, LastResort};
use crate::web::caller::{Caller, CallerReader};
use crate::web::certificate::CertificateFront;
use crate::web::listen::{self, Secured, Slots};
use crate::web::tls::TlsFiles;

/// How often changes by commands and other nodes are looked for.
const REFRESH: Duration = Duration::from_secs(2);
/// So many looks in a row without an answer of the store, and the probe says "not ready".
const NOT_READY_AFTER: u32 = 2;
/// How often what has expired is swept out of the store.
const SWEEP: Duration = Duration::from_secs(60);
/// How often the directories' certification authorities are read anew, and when not all of them answered.
const AUTHORITIES: Duration = Duration::from_secs(60 * 60);
const AUTHORITIES_AGAIN: Duration = Duration::from_secs(60);
/// How long the start waits for them.
const FIRST_AUTHORITIES: Duration = Duration::from_secs(3);
/// How long a stop waits for requests whose connections are closed already.
const LAST_REQUESTS: Duration = Duration::from_secs(5);
/// Between "not ready" at the probe and closing the listeners: load balancers need a moment to see it.
const NOTICE: Duration = Duration::from_millis(500);

/// Serves `house` on the configured addresses; returns after a graceful stop.
///
/// `directories` is what the directories' files and news need, where there are any. `started` is called once every listener is bound.
pub(crate) async fn serve(
    house: Arc<House>,
    mut signals: Signals,
    directories: Option<DirectoryWatch>,
    started: impl FnOnce(&House),
) -> Result<(), OpenError> {
    let tls = Arc::new(
        TlsFiles::load(&house.config, house.clock.now())
            .map_err(|error| OpenError(format!("[tls] {error}")))?,
    );
    let listen = house.config.listen.clone();
    let https = bind(&listen.https, "[listen] https").await?;
    let http = bind(&listen.http, "[listen] http").await?;
    let asking = match &house.config.certificate {
        Some(section) => bind(&section.listen, "[certificate] listen").await?,
        None => Vec::new(),
    };
    let mut authorities_read = false;
    if let Some(certificates) = &house.certificates {
        // So that the first sign-in finds the authorities; a directory that is down does not keep others waiting.
        let first = refresh_certificates(certificates, &tls);
        let first = tokio::time::timeout(FIRST_AUTHORITIES, first).await;
        authorities_read = first.unwrap_or(false);
    }
    let slots = Slots::new(
        house.config.limits.connections,
        house.config.limits.connections_per_address,
    );
    let front = Arc::new(front(&house));
    let (stop, stopping) = watch::channel(false);
    let mut listeners = JoinSet::new();
    let https = https.into_iter().map(|listener| (listener, false));
    let asking = asking.into_iter().map(|listener| (listener, true));
    for (listener, certificates_only) in https.chain(asking) {
        listeners.spawn(listen::https(
            listener,
            Secured {
                tls: Arc::clone(&tls),
                certificates_only,
            },
            Arc::clone(&front),
            Arc::clone(&slots),
            stopping.clone(),
        ));
    }
    for listener in http {
        listeners.spawn(listen::http(
            listener,
            Arc::clone(&front),
            Arc::clone(&slots),
            stopping.clone(),
        ));
    }
    let asked_to_read = Arc::new(Notify::new());
    let mut background = JoinSet::new();
    background.spawn(follow(Arc::clone(&house)));
    background.spawn(sweep(Arc::clone(&house)));
    background.spawn(write_down(Arc::clone(&house)));
    let (roots, events) = directories.map(|watch| (watch.roots, watch.events)).unzip();
    if let Some(events) = events {
        background.spawn(write_down_directories(Arc::clone(&house), events));
    }
    if house.certificates.is_some() {
        background.spawn(follow_authorities(
            Arc::clone(&house),
            Arc::clone(&tls),
            Arc::clone(&asked_to_read),
            authorities_read,
        ));
    }
    info!(host = house.config.service.host, https = ?listen.https, http = ?listen.http, "serving");
    started(&house);

    tokio::select! {
        () = wait_for_stop(&mut signals, &house, &tls, roots.as_ref(), &asked_to_read) => {}
        // Neither ends by itself. A node that no longer follows the trust configuration must not go on answering by an
        // old one: whoever runs it starts it again.
        ended = background.join_next() => error!(?ended, "a task in the background ended; this node stops"),
    }
    info!("stopping: no new connections, running requests are finished");
    house.close_door();
    tokio::select! {
        () = tokio::time::sleep(NOTICE) => {}
        () = signals.stop() => {}
    }
    let _ = stop.send(true);
    let requests = async {
        while listeners.join_next().await.is_some() {}
        // Those whose sender has hung up belong to no connection any more.
        if tokio::time::timeout(LAST_REQUESTS, front.finished())
            .await
            .is_err()
        {
            warn!("requests still running are cut");
        }
    };
    tokio::select! {
        () = requests => {}
        () = signals.stop() => warn!("stopped at once; running requests were cut"),
    }
    background.abort_all();
    house.store.close().await;
    info!("stopped");
    Ok(())
}

async fn bind(addresses: &[SocketAddr], what: &str) -> Result<Vec<TcpListener>, OpenError> {
    let mut bound = Vec::new();
    for address in addresses {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| OpenError(format!("{what} = {address}: {error}")))?;
        bound.push(listener);
    }
    Ok(bound)
}

fn front(house: &Arc<House>) -> Front {
    struct Pages(Arc<House>);
    impl LastResort for Pages {
        fn page(&self, status: StatusCode, caller: &Caller) -> Response<Body> {
            page_for_status(&self.0, status, caller)
        }
    }
    let service = &house.config.service;
    Front::new(
        router(Arc::clone(house)),
        CallerReader::new(network_map(&house.config)),
        &house.origin,
        &service.host,
        service.port,
        Arc::new(Pages(Arc::clone(house))),
    )
    .with_certificate_host(
        house.config.certificate.as_ref().map(|section| {
            CertificateFront::new(section.host_headers(service), section.forwarded())
        }),
    )
}

fn network_map(config: &Config) -> NetworkMap {
    let proxies = config.network.proxies.iter().map(|proxy| TrustedProxy {
        name: proxy.name.clone(),
        network: proxy.network,
    });
    NetworkMap::new(
        config.network.inside.clone(),
        proxies.collect(),
        config.network.inside_through_proxy,
    )
}

/// Follows the trust configuration; tells load balancers when the store does not answer. A configuration that cannot be
/// taken up is no reason to send people away: the last good one stays in use.
async fn follow(house: Arc<House>) {
    let mut refresh = interval(REFRESH);
    let mut unanswered: u32 = 0;
    loop {
        refresh.tick().await;
        match house.store.health().await {
            Health::Well => {
                if unanswered >= NOT_READY_AFTER {
                    info!("the store answers again");
                }
                unanswered = 0;
                if let Err(error) = house.refresh().await {
                    error!(%error, "the trust configuration could not be taken up; the last good one stays in use");
                }
            }
            Health::Broken => {
                unanswered = NOT_READY_AFTER;
                error!(
                    "the store's file or disk is damaged: nothing more is written; mend it and start again"
                );
            }
            other => {
                unanswered = unanswered.saturating_add(1);
                error!(?other, "the store does not answer");
            }
        }
        house.store_answers(unanswered < NOT_READY_AFTER);
        house.watch_clock().await;
    }
}

/// Sweeps what has expired out of the store; a failure is logged and tried again.
async fn sweep(house: Arc<House>) {
    let mut sweep = interval(SWEEP);
    let idle = time::Duration::minutes(i64::from(house.config.session.idle_minutes));
    loop {
        sweep.tick().await;
        // By the earlier of two times: what a clock that jumped ahead calls expired may still count.
        let (wall, monotonic) = (house.clock.now(), Instant::now());
        let steady = wall + house.steady.correction(wall, monotonic);
        if let Err(error) = house.store.sweep(idle, wall.min(steady)).await {
            warn!(%error, "expired rows could not be swept");
        }
    }
}

/// Writes down what the guard noticed.
async fn write_down(house: Arc<House>) {
    let events = house
        .guard_events
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some(mut events) = events else {
        return std::future::pending().await;
    };
    while let Some(event) = events.recv().await {
        if let Err(error) = house.audit_guard_event(&event).await {
            error!(detail = %error.private, ?event, "an event of the guard could not be written down");
        }
    }
}

/// Writes down what the directories noticed.
async fn write_down_directories(house: Arc<House>, mut events: Receiver<DirectoryEvent>) {
    while let Some(event) = events.recv().await {
        house.audit_directory_event(&event).await;
    }
    // Every directory is gone: the server stops.
    std::future::pending().await
}

/// Keeps the authorities of people's certificates as files and directories have them, and the handshake's hints with them.
async fn follow_authorities(
    house: Arc<House>,
    tls: Arc<TlsFiles>,
    asked: Arc<Notify>,
    read_at_start: bool,
) {
    let Some(certificates) = &house.certificates else {
        return;
    };
    let mut pause = if read_at_start {
        AUTHORITIES
    } else {
        AUTHORITIES_AGAIN
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = asked.notified() => {}
        }
        pause = if refresh_certificates(certificates, &tls).await {
            AUTHORITIES
        } else {
            AUTHORITIES_AGAIN
        };
    }
}

/// Whether every directory answered and somebody can be signed in.
async fn refresh_certificates(certificates: &Certificates, tls: &TlsFiles) -> bool {
    let complete = certificates.refresh().await;
    if let Err(error) = tls.offer(certificates.hints()) {
        error!(%error, "the handshake's list of authorities could not be made; the old one stays in use");
    }
    complete
}

/// Ticks that a slow store made late are left out.
fn interval(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Until SIGTERM or SIGINT; SIGHUP reads the TLS files, the directories' authorities and those of people's certificates again.
async fn wait_for_stop(
    signals: &mut Signals,
    house: &House,
    tls: &TlsFiles,
    roots: Option<&DirectoryRoots>,
    asked_to_read: &Notify,
) {
    while signals.next().await == Asked::ReadAgain {
        match tls.reload(&house.config, house.clock.now()) {
            Ok(()) => info!("TLS files read again"),
            Err(error) => {
                error!(%error, "TLS files not taken; the old certificate stays in use");
            }
        }
        match roots.map_or(Ok(()), DirectoryRoots::reload) {
            Ok(()) => info!("authorities of the directories read again"),
            Err(error) => {
                error!(%error, "authorities of a directory not taken; the old ones stay in use");
            }
        }
        asked_to_read.notify_one();
    }
}
