//! The page in a headless browser, as a person uses it.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deepsim::Picture;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use xtask::serve::Server;

use crate::browser::Cdp;
use crate::keep;

/// Software WebGPU compiles shaders and computes on the processor: minutes, on a small machine.
const PATIENCE: Duration = Duration::from_secs(400);

/// The page in a browser, and the server that it comes from.
pub struct Page {
    /// The browser's one window.
    pub client: Client,
    /// Where the page is, with a slash at its end.
    pub address: String,
    server: Mutex<Option<Server>>,
}

impl Page {
    /// Creates the page at an address, which ends with a slash, of a server, in a browser.
    #[must_use]
    pub const fn new(client: Client, address: String, server: Server) -> Self {
        Self { client, address, server: Mutex::new(Some(server)) }
    }

    /// Opens the page and waits until everything of it is there. Returns the milliseconds until it could be used, by its own clock.
    ///
    /// # Errors
    /// If it does not come to rest.
    pub async fn open(&self, query: &str) -> Result<f64> {
        self.client.goto(&format!("{}{query}", self.address)).await?;
        self.rest().await?;
        self.data("readyAfter").await?.parse().context("readyAfter is a number")
    }

    /// Turns the page that is open to the state of a link, as a person does who pastes one.
    ///
    /// # Errors
    /// If it does not come to rest.
    pub async fn turn(&self, hash: &str) -> Result<()> {
        self.run("location.hash = arguments[0]", vec![json!(hash)]).await?;
        self.rest().await
    }

    /// Runs JavaScript in the page.
    ///
    /// # Errors
    /// If it throws.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        self.client.execute(script, arguments).await.with_context(|| script.to_owned())
    }

    /// Returns a value of `document.body.dataset`.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn data(&self, name: &str) -> Result<String> {
        let value = self.run(&format!("return document.body.dataset.{name} ?? ''"), vec![]).await?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }

    /// Returns an element's text.
    ///
    /// # Errors
    /// If there is none.
    pub async fn text(&self, selector: &str) -> Result<String> {
        let value = self.run("return document.querySelector(arguments[0]).textContent", vec![json!(selector)]).await?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page is in a state.
    ///
    /// # Errors
    /// If it does not get there.
    pub async fn wait_for(&self, state: &str) -> Result<()> {
        self.until(&format!("document.body.dataset.state === '{state}'")).await
    }

    /// Waits until a condition in JavaScript holds.
    ///
    /// # Errors
    /// If it does not come to hold.
    pub async fn until(&self, condition: &str) -> Result<()> {
        let begun = Instant::now();
        while self.run(&format!("return Boolean({condition})"), vec![]).await? != json!(true) {
            let seen = (self.data("state").await?, self.problem().await?);
            ensure!(begun.elapsed() < PATIENCE, "waited for `{condition}`, the page is in {seen:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Waits until nothing is asked of the worker any more, and stays so for a moment.
    ///
    /// # Errors
    /// If that does not come.
    pub async fn rest(&self) -> Result<()> {
        let idle = "document.body.dataset.state !== 'loading' && document.body.dataset.state !== 'waiting' \
            && (deepsim.view('invert').hasPicture || deepsim.state.view !== 'invert') && deepsim.engine.ready && !deepsim.engine.current && !deepsim.engine.waiting.length";
        for _ in 0..2 {
            self.until(idle).await?;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        self.until(idle).await
    }

    /// Gives a file to an input.
    ///
    /// # Errors
    /// If there is no such file or input.
    pub async fn choose(&self, input: &str, path: &Path) -> Result<()> {
        let path = path.canonicalize()?;
        self.client.find(Locator::Id(input)).await?.send_keys(&path.display().to_string()).await?;
        Ok(())
    }

    /// Chooses a picture and waits until all of it is inverted.
    ///
    /// # Errors
    /// If the page complains.
    pub async fn upload(&self, path: &Path) -> Result<()> {
        let before = self.picture_name().await?;
        self.choose("file", path).await?;
        self.another_picture(&before).await
    }

    /// Returns the page's identifier of the current picture.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn picture_name(&self) -> Result<Value> {
        self.run("return deepsim.view('invert').picture", vec![]).await
    }

    /// Waits for another picture than this one, and until all of it is inverted.
    ///
    /// # Errors
    /// If the page complains.
    pub async fn another_picture(&self, before: &Value) -> Result<()> {
        self.until(&format!("deepsim.view('invert').picture !== {before}")).await?;
        self.rest().await?;
        ensure!(self.problem().await?.is_empty(), "a problem: {}", self.problem().await?);
        Ok(())
    }

    /// Drops a file anywhere on the page, or pastes it, as a person would: the same events, with the same contents.
    ///
    /// # Errors
    /// If the page complains.
    pub async fn give(&self, event: &str, path: &Path) -> Result<()> {
        let script = "const [event, encoded, name] = arguments; \
            const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)); \
            const data = new DataTransfer(); data.items.add(new File([bytes], name)); \
            document.body.dispatchEvent(event === 'drop' \
                ? new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}) \
                : new ClipboardEvent('paste', {clipboardData: data, bubbles: true}))";
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let before = self.picture_name().await?;
        self.run(script, vec![json!(event), json!(STANDARD.encode(fs::read(path)?)), json!(name)]).await?;
        self.another_picture(&before).await
    }

    /// Clicks, as a mouse does.
    ///
    /// # Errors
    /// If there is no such element, or another one lies over it.
    pub async fn click(&self, selector: &str) -> Result<()> {
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", vec![json!(selector)]).await?;
        self.client.find(Locator::Css(selector)).await?.click().await.with_context(|| selector.to_owned())
    }

    /// Puts a range or a list to a value, with the events that a person causes.
    ///
    /// # Errors
    /// If there is no such element.
    pub async fn set(&self, id: &str, value: &str) -> Result<()> {
        let script = "const [id, value] = arguments; const control = document.getElementById(id); control.value = value; \
            for (const event of ['input', 'change']) control.dispatchEvent(new Event(event, {bubbles: true}))";
        self.run(script, vec![json!(id), json!(value)]).await.map(drop)
    }

    /// Returns the picture on a canvas.
    ///
    /// # Errors
    /// If there is no such canvas.
    pub async fn canvas(&self, selector: &str) -> Result<Picture> {
        let url = self.run("return document.querySelector(arguments[0]).toDataURL('image/png')", vec![json!(selector)]).await?;
        let encoded = url.as_str().and_then(|url| url.strip_prefix("data:image/png;base64,")).context("no data URL")?;
        open(&STANDARD.decode(encoded)?)
    }

    /// Returns the picture on the card of this name.
    ///
    /// # Errors
    /// If there is no such card.
    pub async fn card(&self, name: &str) -> Result<Picture> {
        self.canvas(&format!("[data-name='{name}'] canvas")).await
    }

    /// Returns the numbers below a card: picture error, feature error and the classes seen.
    ///
    /// # Errors
    /// If they are not there.
    pub async fn judged(&self, name: &str) -> Result<(f64, f64, Vec<u64>)> {
        let script = "const {dataset: d} = document.querySelector(`[data-name='${arguments[0]}']`); \
            const classes = document.querySelectorAll(`[data-name='${arguments[0]}'] .classes li`); \
            return [Number(d.pictureError), Number(d.featureError), [...classes].map((each) => Number(each.dataset.class))]";
        let found = self.run(script, vec![json!(name)]).await?;
        serde_json::from_value(found.clone()).with_context(|| format!("{name}: {found}"))
    }

    /// Returns the kind of the problem that the page shows, or nothing.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn problem(&self) -> Result<String> {
        let script = "const p = document.getElementById('problem'); return p.hidden ? '' : p.dataset.kind + ': ' + p.textContent";
        Ok(self.run(script, vec![]).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page shows a problem of this kind.
    ///
    /// # Errors
    /// If it does not.
    pub async fn wait_for_problem(&self, kind: &str) -> Result<()> {
        self.until(&format!("!document.getElementById('problem').hidden && document.getElementById('problem').dataset.kind === '{kind}'"))
            .await
    }

    /// Keeps what the page gives to be saved from now on, for [`Page::saved`].
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn catch_saved(&self) -> Result<()> {
        let script = "window.saved = []; const create = URL.createObjectURL; \
            URL.createObjectURL = (blob) => { window.saved.push(blob); return create.call(URL, blob); }";
        self.run(script, vec![]).await.map(drop)
    }

    /// Returns the newest file that was saved, once there are `count`.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn saved(&self, count: usize) -> Result<Vec<u8>> {
        self.until(&format!("window.saved.length >= {count}")).await?;
        let script = "const done = arguments[0]; const reader = new FileReader(); \
            reader.onload = () => done(reader.result.split(',')[1]); reader.readAsDataURL(window.saved.at(-1))";
        let encoded = self.client.execute_async(script, vec![]).await?;
        Ok(STANDARD.decode(encoded.as_str().context("no file")?)?)
    }

    /// Emulates a screen of this size, light or dark. Chromium can do that.
    ///
    /// # Errors
    /// If the browser cannot.
    pub async fn emulate(&self, width: u32, height: u32, scheme: &str) -> Result<()> {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.client.issue_cmd(Cdp("Emulation.setDeviceMetricsOverride", screen)).await?;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.client.issue_cmd(Cdp("Emulation.setEmulatedMedia", features)).await?;
        Ok(())
    }

    /// Fails if something is wider than the screen.
    ///
    /// # Errors
    /// With the width.
    pub async fn fits(&self, what: &str) -> Result<()> {
        let [wide, screen] = ["document.documentElement.scrollWidth", "innerWidth"].map(|value| format!("return {value}"));
        let (wide, screen) = (self.run(&wide, vec![]).await?, self.run(&screen, vec![]).await?);
        ensure!(wide.as_u64() <= screen.as_u64(), "{what}: {wide} pixels wide on a screen of {screen}");
        Ok(())
    }

    /// Presses a key, wherever the focus is.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn press(&self, key: Key) -> Result<()> {
        let value = char::from(key);
        let actions = KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        Ok(self.client.perform_actions(actions).await?)
    }

    /// Presses the tab key until an element has the focus, and fails if the focus cannot be seen there.
    ///
    /// # Errors
    /// If it never gets there.
    pub async fn tab_to(&self, selector: &str) -> Result<()> {
        const MOST: usize = 300;
        let script = "const it = document.activeElement; return [it.matches(arguments[0]), it.matches(':focus-visible')]";
        for _ in 0..MOST {
            self.press(Key::Tab).await?;
            let found = self.run(script, vec![json!(selector)]).await?;
            if found[0] == true {
                ensure!(found[1] == true, "the focus cannot be seen at {selector}");
                return Ok(());
            }
        }
        anyhow::bail!("{MOST} presses of the tab key do not lead to {selector}")
    }

    /// Keeps a picture of the window.
    ///
    /// # Errors
    /// If it cannot be taken or written.
    pub async fn screenshot(&self, name: &str) -> Result<()> {
        keep(name, &self.client.screenshot().await?)
    }

    /// Ends the server: the page then has no connection.
    pub fn disconnect(&self) {
        drop(self.server.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
    }
}

/// Returns a picture file's pixels.
///
/// # Errors
/// If it is none.
pub fn open(bytes: &[u8]) -> Result<Picture> {
    let image = image::load_from_memory(bytes)?.into_rgb8();
    Ok(Picture::from_rgb(image.width() as usize, image.height() as usize, image.into_raw())?)
}
