package main
import (
 _ "github.com/fsnotify/fsnotify"
 _ "github.com/go-git/go-git/v5"
 _ "github.com/google/go-cmp/cmp"
 _ "github.com/prometheus/client_golang/prometheus/promhttp"
 _ "github.com/rogpeppe/go-internal/testscript"
 _ "k8s.io/client-go/tools/leaderelection"
)
