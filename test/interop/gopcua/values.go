package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/gopcua/opcua/ua"
)

// typed is a value with its built-in type by name, a list for an array.
type typed struct {
	Type  string
	Value json.RawMessage
}

func (given typed) variant() (*ua.Variant, error) {
	switch given.Type {
	case "Boolean":
		return decoded[bool](given.Value)
	case "Int32":
		return decoded[int32](given.Value)
	case "UInt32":
		return decoded[uint32](given.Value)
	case "Float":
		return decoded[float32](given.Value)
	case "Double":
		if string(given.Value) == `"NaN"` {
			return ua.NewVariant(math.NaN())
		}
		return decoded[float64](given.Value)
	case "String":
		return decoded[string](given.Value)
	case "ByteString":
		return decoded[[]byte](given.Value)
	case "LocalizedText":
		var text string
		if err := json.Unmarshal(given.Value, &text); err != nil {
			return nil, err
		}
		return ua.NewVariant(ua.NewLocalizedText(text))
	}
	return nil, fmt.Errorf("no type %s", given.Type)
}

func decoded[T any](text json.RawMessage) (*ua.Variant, error) {
	var one T
	if err := json.Unmarshal(text, &one); err == nil {
		return ua.NewVariant(one)
	}
	var many []T
	if err := json.Unmarshal(text, &many); err != nil {
		return nil, err
	}
	return ua.NewVariant(many)
}

func toldDataValue(value *ua.DataValue) answer {
	as := answer{"status": uint32(value.Status), "value": nil}
	if value.Value != nil {
		as["value"] = told(value.Value.Value())
		as["type"] = value.Value.Type().String()[len("TypeID"):]
	}
	if value.EncodingMask&ua.DataValueSourceTimestamp != 0 {
		as["sourceTime"] = told(value.SourceTimestamp)
	}
	if value.EncodingMask&ua.DataValueServerTimestamp != 0 {
		as["serverTime"] = told(value.ServerTimestamp)
	}
	return as
}

func told(value any) any {
	switch of := value.(type) {
	case nil, bool, string:
		return of
	case []byte:
		return base64.StdEncoding.EncodeToString(of)
	case time.Time:
		return of.UTC().Format("2006-01-02T15:04:05.000000Z")
	case *ua.LocalizedText:
		return answer{"locale": of.Locale, "text": of.Text}
	case *ua.NodeID:
		return of.String()
	case ua.StatusCode:
		return uint32(of)
	case *ua.ExtensionObject:
		if named, is := of.Value.(*ua.EnumValueType); is {
			return answer{"value": named.Value, "displayName": named.DisplayName.Text}
		}
		return fmt.Sprintf("%T", of.Value)
	}
	if list := reflect.ValueOf(value); list.Kind() == reflect.Slice {
		items := []any{}
		for i := range list.Len() {
			items = append(items, told(list.Index(i).Interface()))
		}
		return items
	}
	return value
}
