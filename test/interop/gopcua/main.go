// Does with Go gopcua what test/interop/protocol.ts asks for: a JSON request a line in, a JSON answer a line out.
package main

import (
	"bufio"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

const (
	requestTimeout = 15 * time.Second
	publishEvery   = 50 * time.Millisecond
	largeQueue     = 1000
)

type step struct {
	Ns   uint16 `json:"ns"`
	Name string `json:"name"`
}

type request struct {
	Do          string
	Connection  string
	URL         string
	Policy      string
	Application struct{ URI, Certificate, Key string }
	User        *struct{ Name, Password, Certificate, Key string }
	Node        string
	Object      string
	Method      string
	Path        []step
	Value       typed
	Arguments   []typed
	SamplingMs  float64
	Fields      []struct {
		Type string
		Path []step
	}
	Subscription uint32
	WithinMs     int
}

type answer map[string]any

type connection struct {
	client *opcua.Client
	queues map[uint32]chan any
}

var connections = map[string]*connection{}

func main() {
	log.SetOutput(io.Discard) // the answers say what went wrong
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		if err := out.Encode(answered(line)); err != nil {
			log.Fatal(err)
		}
	}
}

func answered(line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{"failed": err.Error()}
	}
	result, err := do(&asked)
	var status ua.StatusCode
	switch {
	case errors.As(err, &status):
		return answer{"status": uint32(status)}
	case err != nil:
		return answer{"failed": err.Error()}
	}
	return result
}

func do(asked *request) (answer, error) {
	ctx := context.Background()
	switch asked.Do {
	case "hello":
		return answer{"stack": "Go gopcua"}, nil
	case "endpoints":
		return endpoints(ctx, asked)
	case "connect":
		return connect(ctx, asked)
	}
	to := connections[asked.Connection]
	if to == nil {
		return nil, fmt.Errorf("there is no connection %s", asked.Connection)
	}
	switch asked.Do {
	case "translate":
		return to.translate(ctx, asked)
	case "browse":
		return to.browse(ctx, asked)
	case "read":
		return to.read(ctx, asked)
	case "write":
		return to.write(ctx, asked)
	case "call":
		return to.call(ctx, asked)
	case "subscribe":
		return to.subscribe(ctx, asked)
	case "subscribeEvents":
		return to.subscribeEvents(ctx, asked)
	case "take":
		return to.take(asked)
	case "close":
		delete(connections, asked.Connection)
		return answer{}, to.client.Close(ctx)
	}
	return nil, fmt.Errorf("unknown request %s", asked.Do)
}

func endpoints(ctx context.Context, asked *request) (answer, error) {
	found, err := opcua.GetEndpoints(ctx, asked.URL)
	told := []answer{}
	for _, each := range found {
		told = append(told, answer{"policy": each.SecurityPolicyURI, "mode": uint32(each.SecurityMode)})
	}
	return answer{"endpoints": told}, err
}

func connect(ctx context.Context, asked *request) (answer, error) {
	options, err := optionsOf(ctx, asked)
	if err != nil {
		return nil, err
	}
	client, err := opcua.NewClient(asked.URL, options...)
	if err != nil {
		return nil, err
	}
	if err := client.Connect(ctx); err != nil {
		return nil, err
	}
	connections[asked.Connection] = &connection{client, map[uint32]chan any{}}
	return answer{}, nil
}

func optionsOf(ctx context.Context, asked *request) ([]opcua.Option, error) {
	options := []opcua.Option{
		opcua.ApplicationURI(asked.Application.URI), opcua.AutoReconnect(false), opcua.RequestTimeout(requestTimeout),
	}
	if asked.Policy == "None" {
		return append(options, opcua.SecurityPolicy("None"), opcua.SecurityMode(ua.MessageSecurityModeNone), opcua.AuthAnonymous()), nil
	}
	certificate, key, err := pair(asked.Application.Certificate, asked.Application.Key)
	if err != nil {
		return nil, err
	}
	options = append(options, opcua.Certificate(certificate), opcua.PrivateKey(key))
	kind := ua.UserTokenTypeAnonymous
	if user := asked.User; user != nil && user.Certificate != "" {
		kind = ua.UserTokenTypeCertificate
		userCertificate, userKey, err := pair(user.Certificate, user.Key)
		if err != nil {
			return nil, err
		}
		options = append(options, opcua.AuthCertificate(userCertificate), opcua.AuthPrivateKey(userKey))
	} else if user != nil {
		kind = ua.UserTokenTypeUserName
		options = append(options, opcua.AuthUsername(user.Name, user.Password))
	}
	found, err := opcua.GetEndpoints(ctx, asked.URL)
	if err != nil {
		return nil, err
	}
	endpoint, err := opcua.SelectEndpoint(found, asked.Policy, ua.MessageSecurityModeSignAndEncrypt)
	if err != nil {
		return nil, err
	}
	return append(options, opcua.SecurityFromEndpoint(endpoint, kind)), nil
}

func pair(certificateFile, keyFile string) ([]byte, *rsa.PrivateKey, error) {
	certificate, err := pemOf(certificateFile)
	if err != nil {
		return nil, nil, err
	}
	bytes, err := pemOf(keyFile)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(bytes)
	if err != nil {
		return nil, nil, err
	}
	key, isRsa := parsed.(*rsa.PrivateKey)
	if !isRsa {
		return nil, nil, fmt.Errorf("%s is no RSA key", keyFile)
	}
	return certificate, key, nil
}

func pemOf(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is no PEM file", file)
	}
	return block.Bytes, nil
}

func (to *connection) node(text string) (*opcua.Node, error) {
	parsed, err := ua.ParseNodeID(text)
	if err != nil {
		return nil, err
	}
	return to.client.Node(parsed), nil
}

func names(path []step) []*ua.QualifiedName {
	told := []*ua.QualifiedName{}
	for _, each := range path {
		told = append(told, &ua.QualifiedName{NamespaceIndex: each.Ns, Name: each.Name})
	}
	return told
}

func (to *connection) translate(ctx context.Context, asked *request) (answer, error) {
	found, err := to.client.Node(ua.NewNumericNodeID(0, id.RootFolder)).TranslateBrowsePathsToNodeIDs(ctx, names(asked.Path))
	if err != nil {
		return nil, err
	}
	return answer{"node": found.String()}, nil
}

func (to *connection) browse(ctx context.Context, asked *request) (answer, error) {
	node, err := to.node(asked.Node)
	if err != nil {
		return nil, err
	}
	found, err := node.References(ctx, id.HierarchicalReferences, ua.BrowseDirectionForward, ua.NodeClassAll, true)
	told := []answer{}
	for _, each := range found {
		told = append(told, answer{"ns": each.BrowseName.NamespaceIndex, "name": each.BrowseName.Name, "node": each.NodeID.NodeID.String()})
	}
	return answer{"children": told}, err
}

func (to *connection) read(ctx context.Context, asked *request) (answer, error) {
	node, err := to.node(asked.Node)
	if err != nil {
		return nil, err
	}
	result, err := to.client.Read(ctx, &ua.ReadRequest{
		NodesToRead:        []*ua.ReadValueID{{NodeID: node.ID, AttributeID: ua.AttributeIDValue}},
		TimestampsToReturn: ua.TimestampsToReturnBoth,
	})
	if err != nil {
		return nil, err
	}
	return answer{"value": toldDataValue(result.Results[0])}, nil
}

func (to *connection) write(ctx context.Context, asked *request) (answer, error) {
	node, err := to.node(asked.Node)
	if err != nil {
		return nil, err
	}
	value, err := asked.Value.variant()
	if err != nil {
		return nil, err
	}
	result, err := to.client.Write(ctx, &ua.WriteRequest{NodesToWrite: []*ua.WriteValue{{
		NodeID: node.ID, AttributeID: ua.AttributeIDValue, Value: &ua.DataValue{EncodingMask: ua.DataValueValue, Value: value},
	}}})
	if err != nil {
		return nil, err
	}
	return answer{}, unlessGood(result.Results[0])
}

func (to *connection) call(ctx context.Context, asked *request) (answer, error) {
	object, err := to.node(asked.Object)
	if err != nil {
		return nil, err
	}
	method, err := to.node(asked.Method)
	if err != nil {
		return nil, err
	}
	wanted := &ua.CallMethodRequest{ObjectID: object.ID, MethodID: method.ID}
	for _, each := range asked.Arguments {
		argument, err := each.variant()
		if err != nil {
			return nil, err
		}
		wanted.InputArguments = append(wanted.InputArguments, argument)
	}
	result, err := to.client.Call(ctx, wanted)
	if err != nil {
		return nil, err
	}
	outputs := []any{}
	for _, each := range result.OutputArguments {
		outputs = append(outputs, told(each.Value()))
	}
	return answer{"outputs": outputs}, unlessGood(result.StatusCode)
}

func unlessGood(status ua.StatusCode) error {
	if status == ua.StatusOK {
		return nil
	}
	return status
}
