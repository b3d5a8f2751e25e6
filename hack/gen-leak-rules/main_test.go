// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/hack/leakcases"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// TestFilesAreUpToDate: also where nobody runs make verify.
func TestFilesAreUpToDate(t *testing.T) {
	for name, want := range files() {
		have, err := os.ReadFile(filepath.Join("..", "..", folder, name))
		if err != nil || string(have) != want {
			t.Errorf("%s/%s is out of date (%v): make generate", folder, name, err)
		}
	}
}

// finder does what a scanner does with a rule: Go's regexp is what gitleaks and trufflehog use. hack/gitleaks runs gitleaks.
type finder struct {
	regex    *regexp.Regexp
	keywords []string
	entropy  float64
}

func (f *finder) find(text string) string {
	for _, keyword := range f.keywords {
		match := f.regex.FindStringSubmatch(text)
		if strings.Contains(text, keyword) && len(match) == 2 && shannon(match[1]) >= f.entropy {
			return match[1]
		}
	}
	return ""
}

// shannon is the entropy of a text in bits a character.
func shannon(text string) (bits float64) {
	counts := map[rune]float64{}
	for _, r := range text {
		counts[r]++
	}
	for _, n := range counts {
		p := n / float64(len(text))
		bits -= p * math.Log2(p)
	}
	return bits
}

func rules(t *testing.T) map[string]*finder {
	t.Helper()
	var hog struct {
		Detectors []struct {
			Keywords []string          `json:"keywords"`
			Regex    map[string]string `json:"regex"`
			Entropy  float64           `json:"entropy"`
		} `json:"detectors"`
	}
	if err := yaml.Unmarshal([]byte(trufflehog()), &hog); err != nil || len(hog.Detectors) != 1 {
		t.Fatalf("%+v %v", hog, err)
	}
	d := hog.Detectors[0]
	quoted := regexp.MustCompile(`regex = '''(.*)'''`).FindStringSubmatch(gitleaks())
	return map[string]*finder{
		"trufflehog": {regexp.MustCompile(d.Regex["token"]), d.Keywords, d.Entropy},
		"gitleaks":   {regexp.MustCompile(quoted[1]), []string{token.Prefix}, entropy},
	}
}

func TestRules(t *testing.T) {
	for name, rule := range rules(t) {
		for range 200 {
			made, err := token.Generate(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			tok := made.Reveal()
			for _, text := range leakcases.Contexts(tok) {
				if rule.find(text) != tok {
					t.Fatalf("%s: not found in %q", name, strings.ReplaceAll(text, tok, "TOKEN"))
				}
			}
			for i, text := range leakcases.LookAlikes(tok) {
				if rule.find(text) != "" {
					t.Fatalf("%s: look-alike %d was taken for a token", name, i)
				}
			}
		}
	}
	if n := len(leakcases.Contexts("x")); n < 100 {
		t.Errorf("%d contexts", n)
	}
}
