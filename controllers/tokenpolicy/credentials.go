// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

const minRSABits = 2048

// The errors of these checks go on from `Secret x can't be used: key "y" …` and repeat nothing of a value.

func checkCertificates(value []byte) error {
	count := 0
	for rest := bytes.TrimSpace(value); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("holds a PEM block %q; only CERTIFICATE blocks are expected", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("holds a certificate (number %d) that can't be parsed", count+1)
		}
		count++
	}
	if count == 0 {
		return errors.New("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
	}
	return nil
}

func checkRSAKey(value []byte) error {
	block, _ := pem.Decode(value)
	if block == nil {
		return errors.New("holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")
	}
	key, err := parseRSAKey(block)
	if err != nil {
		return err
	}
	if bits := key.N.BitLen(); bits < minRSABits {
		return fmt.Errorf("holds an RSA key of %d bits; %d at least are needed", bits, minRSABits)
	}
	return nil
}

func parseRSAKey(block *pem.Block) (*rsa.PrivateKey, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key, nil
		}
		return nil, errors.New("holds an RSA private key that can't be parsed; if it is encrypted, decrypt it")
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("holds a private key that can't be parsed")
		}
		key, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return nil, errors.New("holds a private key of another kind; Jira's application links need RSA")
		}
		return key, nil
	default:
		return nil, fmt.Errorf("holds a PEM block %q; PRIVATE KEY or RSA PRIVATE KEY, not encrypted, is expected", block.Type)
	}
}

// checkCredential judges a token, password or shared secret. The gateway takes off space at its ends: the line end that
// editors leave, and with them `kubectl create secret --from-file`.
func checkCredential(value []byte) error {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return errors.New("is empty")
	}
	if bytes.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return errors.New("has a line end or another control character in it")
	}
	return nil
}
