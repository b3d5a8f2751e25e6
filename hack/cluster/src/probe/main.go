// SPDX-License-Identifier: Apache-2.0

// Probe is the server that verify.sh runs in pods. What it answers tells whether the cluster works from inside.
//
//	GET /                    the pod's name and the caller's address
//	GET /file?path=P         a file of the pod
//	GET /get?url=U           what the pod gets from a URL
//	GET /lookup?name=N       the addresses of a name, and the time that took
//	GET /api?path=P          what the API server answers to the pod's ServiceAccount
//	POST /validate           an admission webhook (TLS only): denies objects with the label verify=deny
//
// It listens on :8080, and with TLS on :8443 when $TLS_DIR holds tls.crt and tls.key.
// `probe get URL` is a client, for kubectl exec.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/"

func main() {
	if len(os.Args) == 3 && os.Args[1] == "get" {
		if err := get(os.Stdout, http.DefaultTransport, os.Args[2], ""); err != nil {
			log.Fatal(err)
		}
		return
	}
	http.HandleFunc("GET /{$}", hello)
	http.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, r.FormValue("path")) })
	http.HandleFunc("GET /get", func(w http.ResponseWriter, r *http.Request) {
		answer(w, get(w, &http.Transport{DisableKeepAlives: true}, r.FormValue("url"), ""))
	})
	http.HandleFunc("GET /lookup", lookup)
	http.HandleFunc("GET /api", func(w http.ResponseWriter, r *http.Request) { answer(w, callAPI(w, r.FormValue("path"))) })
	http.HandleFunc("POST /validate", validate)
	if dir := os.Getenv("TLS_DIR"); dir != "" {
		go func() { log.Fatal(http.ListenAndServeTLS(":8443", dir+"/tls.crt", dir+"/tls.key", nil)) }()
	}
	log.Print("listening")
	log.Fatal(http.ListenAndServe(":8080", nil))
}

func hello(w http.ResponseWriter, r *http.Request) {
	pod, _ := os.Hostname()
	caller, _, _ := net.SplitHostPort(r.RemoteAddr)
	fmt.Fprintf(w, "hello from %s to %s\n", pod, caller)
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

// get writes the status and body of the answer to w.
func get(w io.Writer, transport http.RoundTripper, url, bearer string) error {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	client := http.Client{Timeout: 5 * time.Second, Transport: transport}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	fmt.Fprintln(w, response.Status)
	_, err = io.Copy(w, response.Body)
	return err
}

func lookup(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 8*time.Second)
	defer cancel()
	begin := time.Now()
	addresses, err := net.DefaultResolver.LookupHost(ctx, r.FormValue("name"))
	if err != nil {
		answer(w, err)
		return
	}
	fmt.Fprintln(w, addresses, "in", time.Since(begin).Round(time.Millisecond))
}

func callAPI(w io.Writer, path string) error {
	authority, err := os.ReadFile(serviceAccount + "ca.crt")
	if err != nil {
		return err
	}
	token, err := os.ReadFile(serviceAccount + "token")
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	host := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}
	return get(w, transport, "https://"+host+path, string(token))
}

// admissionReview is the part of admission.k8s.io/v1 AdmissionReview that validate needs.
type admissionReview struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID    string `json:"uid"`
	Object struct {
		Metadata struct {
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
	} `json:"object"`
}

type response struct {
	UID     string `json:"uid"`
	Allowed bool   `json:"allowed"`
	Status  struct {
		Message string `json:"message"`
	} `json:"status"`
}

func validate(w http.ResponseWriter, r *http.Request) {
	var review admissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(w, "not an AdmissionReview", http.StatusBadRequest)
		return
	}
	review.Response = &response{UID: review.Request.UID, Allowed: review.Request.Object.Metadata.Labels["verify"] != "deny"}
	if !review.Response.Allowed {
		host, _ := os.Hostname()
		review.Response.Status.Message = "denied by " + host
	}
	review.Request = nil
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(review); err != nil {
		log.Print(err)
	}
}
