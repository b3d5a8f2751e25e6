// SPDX-License-Identifier: Apache-2.0

// Program browser has a headless Chromium log in to the Jira at JIRA_URL, as JIRA_USER with JIRA_PASSWORD, look at what its
// pages show, log out, and log in by the gadget. It prints what it sees, one thing a line; make test-browser reads that.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is for all of it.
const patience = 90 * time.Second

func main() {
	if err := run(os.Getenv("JIRA_URL"), os.Getenv("JIRA_USER"), os.Getenv("JIRA_PASSWORD")); err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

func run(url, user, password string) error {
	limited, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(os.Getenv("CHROMIUM")))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has no sandbox for root, and says so by not starting
	}
	allocated, cancel := chromedp.NewExecAllocator(limited, options...)
	defer cancel()
	tab, cancel := chromedp.NewContext(allocated)
	defer cancel()

	return steps(tab, url, user, password)
}

func steps(tab context.Context, url, user, password string) error {
	const page, gadget = "#login-form", "#loginform"
	for _, step := range []func() error{
		func() error { return logIn(tab, url, page, user, "not "+password) },
		func() error { return see(tab, "wrong password", "#message", "Sorry") },
		func() error { return logIn(tab, url, page, user, password) },
		func() error { return see(tab, "dashboard", "#welcome", "W") },
		func() error { return see(tab, "xhr", "#xhr", "2") },
		func() error { return see(tab, "fetch", "#fetch", "2") },
		func() error { return see(tab, "post", "#post", "2") },
		func() error { return chromedp.Do(tab, chromedp.Reload()) },
		func() error { return see(tab, "reloaded", "#xhr", "2") },
		func() error { return chromedp.Do(tab, chromedp.Click("#log_out")) },
		func() error { return see(tab, "logged out", "h1", "Logout") },
		func() error { return chromedp.Do(tab, chromedp.Navigate(url+"/secure/Dashboard.jspa")) },
		func() error { return see(tab, "dashboard after log-out", "h1", "Log in") },
		func() error { return logIn(tab, url, gadget, user, password) },
		func() error { return see(tab, "gadget", "#xhr", "2") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// logIn fills a form of the log-in page in.
func logIn(tab context.Context, url, form, user, password string) error {
	return chromedp.Do(tab,
		chromedp.Navigate(url+"/login.jsp"),
		chromedp.SendKeys(form+" input[name=os_username]", user),
		chromedp.SendKeys(form+" input[name=os_password]", password),
		chromedp.Click(form+" input[type=submit]"),
	)
}

// see waits until an element has a text with that beginning, and prints it. The page may still be the one before.
func see(tab context.Context, what, element, beginning string) error {
	expression := fmt.Sprintf(`(document.querySelector(%q) || {textContent: ""}).textContent`, element)
	deadline := time.Now().Add(20 * time.Second)
	for {
		text, err := chromedp.Run(tab, chromedp.Evaluate[string](expression))
		switch {
		case err == nil && strings.HasPrefix(text, beginning):
			fmt.Printf("%s: %s\n", what, text)
			return nil
		case tab.Err() != nil:
			return tab.Err()
		case time.Now().After(deadline):
			page, _ := chromedp.Run(tab, chromedp.OuterHTML("html"))
			return errors.Join(fmt.Errorf("%s: no %q in %s, but %s", what, beginning, element, page), err)
		}
		if err := chromedp.Do(tab, chromedp.Sleep(50*time.Millisecond)); err != nil {
			return err
		}
	}
}
