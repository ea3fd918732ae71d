// Command journey makes the first journey's calls by grpc-go or by connect-go, as its argument says, and prints what
// it saw, a line of JSON for each step.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/types/known/structpb"
	commonv1 "sluice-client/sluice/common/v1"
	identityv1 "sluice-client/sluice/identity/v1"
	orchestrationv1 "sluice-client/sluice/orchestration/v1"
	storagev1 "sluice-client/sluice/storage/v1"
)

const chunkBytes = 16 * 1024

// A client calls Sluice with one library.
type client interface {
	IssueToken(context.Context, *identityv1.IssueTokenRequest) (*identityv1.IssueTokenResponse, error)
	// UseToken sets the access token of later calls.
	UseToken(token string)
	WhoAmI(context.Context, *identityv1.WhoAmIRequest) (*identityv1.WhoAmIResponse, error)
	UploadFile(context.Context) (upload, error)
	DownloadFile(context.Context, *storagev1.DownloadFileRequest) (download, error)
	CreateSource(context.Context, *orchestrationv1.CreateSourceRequest) (*orchestrationv1.CreateSourceResponse, error)
	Discover(context.Context, *orchestrationv1.DiscoverRequest) (*orchestrationv1.DiscoverResponse, error)
	ListTables(context.Context, *orchestrationv1.ListTablesRequest) (*orchestrationv1.ListTablesResponse, error)
	ExecuteQuery(context.Context, *orchestrationv1.ExecuteQueryRequest) (*orchestrationv1.ExecuteQueryResponse, error)
	GetExecution(context.Context, *orchestrationv1.GetExecutionRequest) (*orchestrationv1.GetExecutionResponse, error)
	// Failure returns the code and the reason of a failed call.
	Failure(error) (code.Code, string)
}

type upload interface {
	Send(*storagev1.UploadFileRequest) error
	Finish() (*storagev1.UploadFileResponse, error)
}

// A download returns io.EOF after the last message.
type download interface {
	Receive() (*httpbody.HttpBody, error)
}

type facts map[string]any

func show(step string, seen facts) {
	seen["step"] = step
	line, err := json.Marshal(seen)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	ctx := context.Background()
	var sluice client
	switch kind := os.Args[1]; kind {
	case "grpc":
		sluice = newGrpcClient(os.Getenv("SLUICE_URL"))
	case "connect":
		sluice = newConnectClient(os.Getenv("SLUICE_URL"))
	default:
		log.Fatalf("%q is neither grpc nor connect", kind)
	}
	logIn(ctx, sluice)
	fileID := store(ctx, sluice, os.Getenv("SLUICE_FILE"))
	sourceID := register(ctx, sluice, fileID)
	discover(ctx, sluice, sourceID)
	query(ctx, sluice, sourceID)
	read(ctx, sluice, "download", &storagev1.DownloadFileRequest{FileId: fileID})
	read(ctx, sluice, "download a range", &storagev1.DownloadFileRequest{FileId: fileID, Range: "bytes=0-48"})
}

func logIn(ctx context.Context, sluice client) {
	tokens, err := sluice.IssueToken(ctx, &identityv1.IssueTokenRequest{
		Email:    os.Getenv("SLUICE_EMAIL"),
		Password: os.Getenv("SLUICE_PASSWORD"),
	})
	check(err)
	show("log in", facts{"tokenType": tokens.TokenType})
	sluice.UseToken(tokens.AccessToken)
	caller, err := sluice.WhoAmI(ctx, &identityv1.WhoAmIRequest{})
	check(err)
	show("who am I", facts{"roles": caller.Roles})
}

func store(ctx context.Context, sluice client, path string) string {
	content, err := os.Open(path)
	check(err)
	defer content.Close()
	stream, err := sluice.UploadFile(ctx)
	check(err)
	header := &storagev1.UploadFileHeader{Name: filepath.Base(path)}
	check(stream.Send(&storagev1.UploadFileRequest{Part: &storagev1.UploadFileRequest_Header{Header: header}}))
	chunk := make([]byte, chunkBytes)
	for {
		size, err := content.Read(chunk)
		if err == io.EOF {
			break
		}
		check(err)
		part := &storagev1.UploadFileRequest_Chunk{Chunk: chunk[:size]}
		check(stream.Send(&storagev1.UploadFileRequest{Part: part}))
	}
	stored, err := stream.Finish()
	check(err)
	file := stored.File
	show("upload", facts{
		"name": file.Name, "contentType": file.ContentType, "sizeBytes": file.SizeBytes, "sha256": file.Sha256,
	})
	return file.FileId
}

func register(ctx context.Context, sluice client, fileID string) string {
	settings, err := structpb.NewStruct(map[string]any{"fileId": fileID, "tableName": "weather"})
	check(err)
	created, err := sluice.CreateSource(ctx, &orchestrationv1.CreateSourceRequest{
		Source: &orchestrationv1.Source{DisplayName: os.Getenv("SLUICE_NAME"), Connector: "file", Settings: settings},
	})
	check(err)
	source := created.Source
	show("register", facts{"connector": source.Connector, "tableName": source.Settings.AsMap()["tableName"]})
	return source.SourceId
}

func discover(ctx context.Context, sluice client, sourceID string) {
	found, err := sluice.Discover(ctx, &orchestrationv1.DiscoverRequest{SourceId: sourceID})
	check(err)
	var added, columns []string
	for _, table := range found.Added {
		added = append(added, table.Name)
	}
	show("discover", facts{"added": added})
	listed, err := sluice.ListTables(ctx, &orchestrationv1.ListTablesRequest{SourceId: sourceID})
	check(err)
	for _, table := range listed.Tables {
		for _, column := range table.Columns {
			columns = append(columns, column.Name+" "+column.DataType)
		}
	}
	show("list tables", facts{"columns": columns})
}

func query(ctx context.Context, sluice client, sourceID string) {
	result, err := sluice.ExecuteQuery(ctx, &orchestrationv1.ExecuteQueryRequest{
		SourceId: sourceID, Sql: os.Getenv("SLUICE_SQL"), MaxRows: 3,
	})
	check(err)
	var columns []string
	for _, column := range result.Columns {
		columns = append(columns, column.Name+" "+column.DataType)
	}
	var rows [][]any
	for _, row := range result.Rows {
		rows = append(rows, row.AsSlice())
	}
	show("query", facts{"columns": columns, "rows": rows, "truncated": result.Truncated})
	response, err := sluice.GetExecution(ctx, &orchestrationv1.GetExecutionRequest{ExecutionId: result.ExecutionId})
	check(err)
	show("read execution", facts{"state": response.Execution.State.String(), "rowCount": response.Execution.RowCount})
	refused := &orchestrationv1.ExecuteQueryRequest{SourceId: sourceID, Sql: "DELETE FROM weather"}
	if _, err = sluice.ExecuteQuery(ctx, refused); err != nil {
		failed, reason := sluice.Failure(err)
		show("refused query", facts{"code": failed.String(), "reason": reason})
	}
}

func read(ctx context.Context, sluice client, step string, request *storagev1.DownloadFileRequest) {
	stream, err := sluice.DownloadFile(ctx, request)
	check(err)
	hash := sha256.New()
	first, err := stream.Receive()
	check(err)
	var head commonv1.HttpHead
	check(first.Extensions[0].UnmarshalTo(&head))
	for body := first; err != io.EOF; body, err = stream.Receive() {
		check(err)
		hash.Write(body.Data)
	}
	show(step, facts{
		"status": head.Status, "contentType": first.ContentType, "sha256": hex.EncodeToString(hash.Sum(nil)),
	})
}
