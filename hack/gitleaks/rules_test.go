// SPDX-License-Identifier: Apache-2.0

// Package gitleaks_test has gitleaks itself find tokens by docs/leaks/gitleaks.toml. It is a module of its own: nobody else needs
// that library.
package gitleaks_test

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/jiratokens/jira-token-operator/hack/leakcases"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func newDetector(t *testing.T) *detect.Detector {
	t.Helper()
	v := viper.New()
	v.SetConfigFile(filepath.Join("..", "..", "docs", "leaks", "gitleaks.toml"))
	if err := v.ReadInConfig(); err != nil {
		t.Fatal(err)
	}
	var raw config.ViperConfig
	if err := v.Unmarshal(&raw); err != nil {
		t.Fatal(err)
	}
	raw.Extend = config.Extend{} // our rule alone
	cfg, err := raw.Translate()
	if err != nil {
		t.Fatal(err)
	}
	return detect.NewDetector(cfg)
}

func TestGitleaksFindsTokens(t *testing.T) {
	detector := newDetector(t)
	for range 10 {
		made, err := token.Generate(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		tok := made.Reveal()
		for _, text := range leakcases.Contexts(tok) {
			findings := detector.DetectString(text)
			if len(findings) != 1 || findings[0].RuleID != "jira-token-operator" || findings[0].Secret != tok {
				t.Fatalf("%d findings in %q", len(findings), strings.ReplaceAll(text, tok, "TOKEN"))
			}
		}
		for i, text := range leakcases.LookAlikes(tok) {
			if findings := detector.DetectString(text); len(findings) > 0 {
				t.Fatalf("look-alike %d was taken for a token", i)
			}
		}
	}
}
