use askama::Template as _;

use super::*;

fn brand() -> Brand {
    Brand {
        organisation: "Contoso".into(),
        colour: None,
        help: None,
    }
}

fn page<'a>(brand: &'a Brand, prompt: FactorPrompt<'a>, way: FactorWay) -> FactorPage<'a> {
    FactorPage {
        brand,
        language: Language::English,
        relying_party: Some("Contoso Wiki"),
        action: "/adfs/portal/factor",
        flow: "sealed",
        way,
        prompt,
        challenge: "ticket",
        others: &[FactorChoice {
            way: FactorWay::RecoveryCode,
        }],
        notice: None,
    }
}

#[test]
fn a_code_is_asked_for_as_phones_understand_it() {
    let brand = brand();
    let code = FactorPrompt::Code {
        numeric: true,
        echo: true,
        text: None,
    };
    let html = page(&brand, code, FactorWay::Totp).render().unwrap();
    for part in [
        r#"autocomplete="one-time-code""#,
        r#"inputmode="numeric""#,
        r#"name="Flow" value="sealed""#,
        r#"name="Factor" value="totp""#,
        r#"name="Challenge" value="ticket""#,
        r#"name="Choose" value="recovery-code""#,
        "to continue to Contoso Wiki",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    let wrong = FactorPage {
        notice: Some(FactorNotice::Wrong),
        ..page(&brand, code, FactorWay::Totp)
    };
    let html = wrong.render().unwrap();
    assert!(html.contains(r#"aria-invalid="true""#) && html.contains(r#"role="alert""#));
}

#[test]
fn sec_web_12_what_servers_and_people_wrote_is_escaped() {
    let brand = brand();
    let hostile = r#""><script>alert(1)</script>'"#;
    let said = FactorPrompt::Code {
        numeric: false,
        echo: false,
        text: Some(hostile),
    };
    let options = FactorPrompt::Passkey { options: hostile };
    let waiting = FactorPrompt::Waiting { text: hostile };
    for prompt in [said, options, waiting] {
        let html = page(&brand, prompt, FactorWay::Radius).render().unwrap();
        assert!(!html.contains("<script>"), "{html}");
    }
    let held = [HeldFactor {
        id: "1".into(),
        way: FactorWay::Totp,
        label: hostile.into(),
        set_up: "2026-01-02".into(),
        last_used: None,
    }];
    let html = MyFactorsPage {
        brand: &brand,
        language: Language::German,
        name: hostile,
        action: "/adfs/portal/factors",
        flow: "token",
        factors: &held,
        can_add: &[],
        recovery_codes: 2,
        few: true,
        notice: Some(FactorNotice::Removed),
    }
    .render()
    .unwrap();
    assert!(!html.contains("<script>"), "{html}");
    let html = TotpEnrolmentPage {
        brand: &brand,
        language: Language::English,
        relying_party: None,
        action: "/",
        flow: "",
        challenge: "",
        secret: hostile,
        uri: hostile,
        others: &[],
        notice: None,
    }
    .render()
    .unwrap();
    assert!(!html.contains("<script>"), "{html}");
}

#[test]
fn no_page_has_an_inline_script_or_style_or_another_host() {
    let brand = brand();
    let totp = TotpEnrolmentPage {
        brand: &brand,
        language: Language::English,
        relying_party: Some("Contoso Wiki"),
        action: "/adfs/portal/factor",
        flow: "sealed",
        challenge: "ticket",
        secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        uri: "otpauth://totp/Contoso:bob?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Contoso",
        others: &[],
        notice: Some(FactorNotice::Wrong),
    };
    let html = totp.render().unwrap();
    assert!(
        html.contains("JBSW Y3DP EHPK 3PXP"),
        "the secret can be typed"
    );
    assert!(html.contains("<svg class=\"qr\""), "and scanned");
    let link = r#"href="otpauth://totp/Contoso:bob?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&#38;issuer=Contoso""#;
    assert!(
        html.contains(link),
        "and opened by the app on the same phone: {html}"
    );
    let passkey = PasskeyEnrolmentPage {
        brand: &brand,
        language: Language::German,
        relying_party: None,
        action: "/adfs/portal/factor",
        flow: "sealed",
        challenge: "ticket",
        options: r#"{"publicKey":{}}"#,
        others: &[],
        notice: None,
    };
    let codes = RecoveryCodesPage {
        brand: &brand,
        language: Language::English,
        name: "bob@example.com",
        codes: &["ABCDE-FGH23"],
        action: "/adfs/portal/factor",
        flow: "sealed",
    };
    let pages = [html, passkey.render().unwrap(), codes.render().unwrap()];
    for html in pages {
        assert!(
            !html.contains("<script>") && !html.contains(" style=") && !html.contains("onclick")
        );
        assert!(
            !html.contains("http://") && !html.contains("https://"),
            "{html}"
        );
    }
}

#[test]
fn a_button_that_removes_says_what_it_does() {
    let brand = brand();
    let one = HeldFactor {
        id: "1".into(),
        way: FactorWay::Totp,
        label: "My phone".into(),
        set_up: "2026-01-02".into(),
        last_used: Some("2026-01-03 04:05 UTC".into()),
    };
    let list = |factors: &[HeldFactor]| {
        MyFactorsPage {
            brand: &brand,
            language: Language::English,
            name: "bob@example.com",
            action: "/adfs/portal/factors",
            flow: "token",
            factors,
            can_add: &[FactorChoice {
                way: FactorWay::Passkey,
            }],
            recovery_codes: 10,
            few: false,
            notice: None,
        }
        .render()
        .unwrap()
    };
    let last = list(std::slice::from_ref(&one));
    assert!(last.contains("nothing is left to confirm with"), "{last}");
    let two = list(&[
        one.clone(),
        HeldFactor {
            id: "2".into(),
            label: String::new(),
            ..one
        },
    ]);
    assert!(two.contains("Remove “My phone”: it can no longer be used to sign in"));
    assert!(two.contains("Remove “Code from an authenticator app”"));
    assert!(two.contains(r#"name="Remove" value="2""#));
    assert!(two.contains(r#"name="Add" value="passkey""#));
}

#[test]
fn a_certificate_is_a_way_beside_the_others_or_alone() {
    let brand = brand();
    let code = FactorPrompt::Code {
        numeric: true,
        echo: true,
        text: None,
    };
    let beside = FactorPage {
        others: &[FactorChoice {
            way: FactorWay::Certificate,
        }],
        ..page(&brand, code, FactorWay::Totp)
    };
    let alone = FactorPage {
        others: &[],
        challenge: "",
        notice: Some(FactorNotice::NotFromHere),
        ..page(&brand, FactorPrompt::Certificate, FactorWay::Certificate)
    };
    for html in [beside.render().unwrap(), alone.render().unwrap()] {
        assert_eq!(
            html.matches(r#"name="Choose" value="certificate""#).count(),
            1
        );
        assert!(html.contains("Use a smartcard or certificate"));
        assert!(!html.contains("factor-"), "a text is missing: {html}");
    }
}
