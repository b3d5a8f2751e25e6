{{- define "type" -}}
{{- if markdownShouldRenderType . }}
### {{ .Name }}

{{ template "text" .Doc }}
{{ if .IsAlias }}
Type: {{ markdownRenderTypeLink .UnderlyingType }}
{{ end }}
{{- $rules := index .Markers "kubebuilder:validation:XValidation" }}
{{- if or .Validation $rules }}
{{ range .Validation }}- {{ template "bound" . }}
{{ end }}
{{- range $rules }}- {{ template "text" .Message }}
{{ end }}
{{- end }}
{{- if .References }}
In: {{ range $i, $r := .SortedReferences }}{{ if $i }}, {{ end }}{{ markdownRenderTypeLink $r }}{{ end }}
{{ end }}
{{- if .Members }}
| Field | | Values |
|---|---|---|
{{- if .GVK }}
| `apiVersion` | `{{ .GVK.Group }}/{{ .GVK.Version }}` | |
| `kind` | `{{ .GVK.Kind }}` | |
{{- end }}
{{- range .Members }}
| `{{ .Name }}`<br>{{ markdownRenderType .Type }} | {{ template "member" . }} | {{ template "values" . }} |
{{- end }}
{{ end }}
{{- end }}
{{- end -}}

{{- define "text" -}}{{ . | replace "<" "&lt;" }}{{- end -}}

{{- define "bound" -}}{{ regexReplaceAll "^Enum: \\[(.*)\\]$" . "one of ${1}" | replace "|" "\\|" }}{{- end -}}
