// SPDX-License-Identifier: Apache-2.0

// Package jirasecret judges what administrators put into Secrets for the gateway. The manager asks before it accepts a
// policy and the gateway before it uses a value, and both must come to the same answer.
//
// Errors go on from "key x" and repeat nothing of a value: a parser's error may quote what it read.
package jirasecret

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const minRSABits = 2048

// ParseCertificates parses a bundle of authorities. One that can't be used is an error: whoever put it there counts on it.
func ParseCertificates(text []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a PEM block %q; only CERTIFICATE blocks are expected", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("holds a certificate (number %d) that can't be parsed", len(out)+1)
		}
		out = append(out, certificate)
	}
	if len(out) == 0 {
		return nil, errors.New("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
	}
	return out, nil
}

// ParseRSAKey parses the first private key in PKCS #1 or PKCS #8. Other blocks may stand around it, as the certificate
// does in a file that holds both.
func ParseRSAKey(text []byte) (*rsa.PrivateKey, error) {
	other := ""
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "RSA PRIVATE KEY", "PRIVATE KEY":
			return parseKeyBlock(block)
		default:
			other = block.Type
		}
	}
	if other != "" {
		return nil, fmt.Errorf("holds a PEM block %q; PRIVATE KEY or RSA PRIVATE KEY, not encrypted, is expected", other)
	}
	return nil, errors.New("holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")
}

func parseKeyBlock(block *pem.Block) (*rsa.PrivateKey, error) {
	var key *rsa.PrivateKey
	if block.Type == "RSA PRIVATE KEY" {
		var err error
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return nil, errors.New("holds an RSA private key that can't be parsed; if it is encrypted, decrypt it")
		}
	} else {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("holds a private key that can't be parsed")
		}
		var ok bool
		if key, ok = parsed.(*rsa.PrivateKey); !ok {
			return nil, errors.New("holds a private key of another kind; Jira's application links need RSA")
		}
	}
	if bits := key.N.BitLen(); bits < minRSABits {
		return nil, fmt.Errorf("holds an RSA key of %d bits; %d at least are needed", bits, minRSABits)
	}
	return key, nil
}

// Check judges a token, password or shared secret, without the space around it that editors and `echo` leave. What can't
// be sent must not become a broken or, worse, a split header.
func Check(value string) error {
	if value == "" {
		return errors.New("is empty")
	}
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return errors.New("has a line end or another control character in it")
	}
	return nil
}
