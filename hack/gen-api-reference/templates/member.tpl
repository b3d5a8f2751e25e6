{{- define "member" -}}
{{- if eq .Name "metadata" -}}the standard object metadata
{{- else -}}{{ .Doc | replace "\n" " " | replace "|" "\\|" | replace "<" "&lt;" }}
{{- end -}}
{{- end -}}

{{- define "values" -}}
{{- if has "Optional: {}" .Validation }}optional{{ else }}required{{ end -}}
{{- if .Default }}; default `{{ .Default }}`{{ end -}}
{{- range .Validation }}{{ if not (or (hasPrefix "Optional" .) (hasPrefix "Required" .)) }}; {{ template "bound" . }}{{ end }}{{ end -}}
{{- if not (markdownShouldRenderType .Type) -}}{{- /* else its own section says them */ -}}
{{- range index .Markers "kubebuilder:validation:XValidation" }}; {{ .Message | replace "|" "\\|" | replace "<" "&lt;" }}{{ end -}}
{{- end -}}
{{- end -}}
