// SPDX-License-Identifier: Apache-2.0

package jirasecret_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func judge(t *testing.T, name string, err error, want string) {
	t.Helper()
	switch {
	case (err == nil) != (want == ""), err != nil && !strings.Contains(err.Error(), want):
		t.Errorf("%s: have %v, want %q", name, err, want)
	case err != nil && strings.Contains(err.Error(), "s3cret"):
		t.Errorf("%s: the error repeats the value: %v", name, err)
	}
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

func TestParseRSAKey(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	good, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(good))
	for name, c := range map[string]struct{ text, want string }{
		"PKCS #1":                {pkcs1, ""},
		"PKCS #8":                {pkcs8(t, good), ""},
		"after text":             {"Bag Attributes\n" + pkcs1, ""},
		"after a certificate":    {block("CERTIFICATE", []byte("x")) + pkcs1, ""},
		"before a certificate":   {pkcs1 + block("CERTIFICATE", []byte("x")), ""},
		"after an encrypted one": {block("ENCRYPTED PRIVATE KEY", []byte("x")) + pkcs1, ""},
		"encrypted":              {block("ENCRYPTED PRIVATE KEY", []byte("s3cret")), `holds a PEM block "ENCRYPTED PRIVATE KEY"`},
		"no key":                 {block("CERTIFICATE", []byte("s3cret")), `holds a PEM block "CERTIFICATE"`},
		"broken, then a good one": {
			block("PRIVATE KEY", []byte("s3cret")) + pkcs1, "holds a private key that can't be parsed",
		},
		"broken PKCS #1":  {block("RSA PRIVATE KEY", []byte("s3cret")), "can't be parsed; if it is encrypted, decrypt it"},
		"of another kind": {pkcs8(t, other), "of another kind"},
		"too short":       {pkcs8(t, short), "1024 bits"},
		"no PEM":          {"s3cret", "holds no private key"},
		"nothing":         {"", "holds no private key"},
	} {
		key, err := jirasecret.ParseRSAKey([]byte(c.text))
		judge(t, name, err, c.want)
		if (key != nil) != (err == nil) || key != nil && !key.Equal(good) {
			t.Errorf("%s: another key", name)
		}
	}
}

func TestParseCertificates(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	one := block("CERTIFICATE", der)
	for name, c := range map[string]struct {
		text  string
		count int
		want  string
	}{
		"one":                     {one, 1, ""},
		"two with text around":    {"# one\n" + one + "\n# two\n" + one + "# end\n", 2, ""},
		"a good and a broken one": {one + block("CERTIFICATE", []byte("s3cret")), 0, "(number 2) that can't be parsed"},
		"with its key":            {one + pkcs8(t, key), 0, `holds a PEM block "PRIVATE KEY"`},
		"no PEM":                  {"s3cret", 0, "holds no certificate"},
		"nothing":                 {"", 0, "holds no certificate"},
	} {
		list, err := jirasecret.ParseCertificates([]byte(c.text))
		judge(t, name, err, c.want)
		if len(list) != c.count {
			t.Errorf("%s: %d certificates", name, len(list))
		}
	}
}

func TestParseExpiry(t *testing.T) {
	const not = "is no time such as"
	for value, want := range map[string]string{
		"2027-01-31T00:00:00Z": "", "2027-01-31T01:00:00+01:00\n": "", "": "", "2027-01-31": not, "s3cret": not, "1796083200": not,
	} {
		at, err := jirasecret.ParseExpiry([]byte(value))
		judge(t, value, err, want)
		if err == nil && value != "" && !at.Equal(time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %s", value, at)
		}
	}
}

func TestCheck(t *testing.T) {
	for value, want := range map[string]string{
		"s3cret": "", "with a space": "", "pässword": "", "\xff": "",
		"":           "is empty",
		"s3cret\tx":  "control character",
		"s3cret\r\n": "control character",
		"s3cret\x00": "control character",
		"s3cret\x7f": "control character",
	} {
		err := jirasecret.Check(value)
		judge(t, value, err, want)
		if err == nil && !httpguts.ValidHeaderFieldValue(value) {
			t.Errorf("%q can't be sent", value)
		}
	}
}
