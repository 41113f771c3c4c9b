//! The organisation's name and colour on every page.

/// What an organisation sets about its pages.
#[derive(Clone, Debug)]
pub struct Brand {
    /// Name shown on every page.
    pub organisation: String,
    /// `#rrggbb`, lower or upper case; anything else is ignored.
    pub colour: Option<String>,
    /// Where people get help: a URL, a mail address or a phone number.
    pub help: Option<String>,
}

/// The colour of buttons and links when the organisation sets none.
const DEFAULT_COLOUR: (u8, u8, u8) = (0x1f, 0x4f, 0x8f);

impl Brand {
    /// CSS custom properties of this brand; the text on the colour is black or white, whichever reads better.
    pub fn style(&self) -> String {
        let (r, g, b) = self
            .colour
            .as_deref()
            .and_then(rgb)
            .unwrap_or(DEFAULT_COLOUR);
        let on = if luminance(r, g, b) > 0.179 {
            "#000"
        } else {
            "#fff"
        };
        format!(":root{{--brand:#{r:02x}{g:02x}{b:02x};--on-brand:{on}}}\n")
    }

    /// The address behind the help text, when it is one that a page may link to.
    pub fn help_link(&self) -> Option<String> {
        let help = self.help.as_deref()?;
        if help.starts_with("https://") {
            Some(help.to_owned())
        } else if help.contains('@') && !help.contains([' ', ':', '/']) {
            Some(format!("mailto:{help}"))
        } else {
            None
        }
    }
}

fn rgb(text: &str) -> Option<(u8, u8, u8)> {
    let digits = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = number.to_be_bytes();
    Some((r, g, b))
}

/// Relative luminance (WCAG 2.2, definition of "relative luminance").
fn luminance(r: u8, g: u8, b: u8) -> f64 {
    let channel = |value: u8| {
        let c = f64::from(value) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand(colour: &str) -> Brand {
        Brand {
            organisation: "Contoso".into(),
            colour: Some(colour.into()),
            help: None,
        }
    }

    #[test]
    fn text_on_the_brand_colour_is_readable() {
        assert!(brand("#ffffff").style().contains("--on-brand:#000"));
        assert!(brand("#003366").style().contains("--on-brand:#fff"));
        assert!(brand("#ffcc00").style().contains("--on-brand:#000"));
    }

    #[test]
    fn sec_web_12_a_colour_cannot_carry_css() {
        assert_eq!(brand("#00}x{y:").style(), brand("").style());
        assert_eq!(brand("red;}").style(), brand("").style());
    }

    #[test]
    fn help_links_only_to_https_and_mail() {
        let link = |help: &str| {
            Brand {
                organisation: String::new(),
                colour: None,
                help: Some(help.into()),
            }
            .help_link()
        };
        assert_eq!(
            link("https://help.example/").as_deref(),
            Some("https://help.example/")
        );
        assert_eq!(
            link("help@example.com").as_deref(),
            Some("mailto:help@example.com")
        );
        assert_eq!(link("javascript:alert(1)@x"), None);
        assert_eq!(link("+44 20 7946 0000"), None);
    }
}
