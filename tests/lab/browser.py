"""Headless Chromium on the Prefect UI, as staff use it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,2400",
)


class Page:
    """One browser window; fields are found by the labels that people read."""

    def __init__(self, driver) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        self.driver.get(url)

    def wait(self, true, seconds=40):
        return WebDriverWait(self.driver, seconds, ignored_exceptions=[Exception]).until(
            lambda _driver: true()
        )

    def field(self, label: str):
        """The control below a label (the text before '(Optional)')."""
        path = f"//label[starts-with(normalize-space(.), '{label}')]"

        def find():
            for found in self.driver.find_elements(By.XPATH, path):
                box = found.find_element(
                    By.XPATH, "./ancestor-or-self::*[.//select or .//textarea or .//input][1]"
                )
                for control in box.find_elements(By.CSS_SELECTOR, "select, textarea, input"):
                    return control
            return None

        return self.wait(find)

    def fill(self, label: str, text: str) -> None:
        control = self.field(label)
        control.clear()
        control.send_keys(text)

    def choose(self, label: str, text: str) -> None:
        select = Select(self.field(label))
        option = next(option for option in select.options if text in option.text)
        select.select_by_visible_text(option.text)

    def press(self, text: str) -> None:
        path = f"//button[normalize-space(.)='{text}']"

        def click():
            buttons = [
                button
                for button in self.driver.find_elements(By.XPATH, path)
                if button.is_displayed() and button.is_enabled()
            ]
            if not buttons:
                return False
            buttons[-1].click()
            return True

        self.wait(click)

    def address(self) -> str:
        return self.driver.current_url

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def picture(self, path) -> None:
        self.driver.save_screenshot(str(path))


@contextlib.contextmanager
def open_browser():
    """A browser with an empty profile, gone afterwards."""
    profile = tempfile.mkdtemp(prefix="jaga-chromium-")
    options = Options()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or "chromium"
    driver = webdriver.Chrome(
        options=options, service=Service(shutil.which("chromedriver") or "chromedriver")
    )
    try:
        yield Page(driver)
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)
