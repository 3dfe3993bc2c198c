"""A whole client: two rows and a line of JSON into test.score_board, over the generated stubs alone.

Usage: example.py HOST:PORT
"""

import sys

import grpc
from loadstar.v1 import data_pb2, ingest_service_pb2, ingest_service_pb2_grpc


def requests():
    opening = ingest_service_pb2.Open(database="test", delivery=ingest_service_pb2.DELIVERY_AT_LEAST_ONCE)
    yield ingest_service_pb2.WriteRequest(open=opening)

    def row(number, name, score):
        value = data_pb2.Value
        return data_pb2.Row(values=[value(int_value=number), value(string_value=name), value(int_value=score)])

    typed = data_pb2.Batch(table="score_board", columns=["id", "name", "score"], row_count=2,
                           format=data_pb2.FORMAT_TYPED_ROWS, rows=[row(1, "starrocks", 100), row(2, "flink", 100)])
    yield ingest_service_pb2.WriteRequest(batch=typed)
    json = data_pb2.Batch(table="score_board", row_count=1, format=data_pb2.FORMAT_NDJSON,
                          data=b'{"id": 3, "name": "json", "score": 100}\n')
    yield ingest_service_pb2.WriteRequest(batch=json)
    # The end of this generator is the graceful end: the daemon commits everything, then says OK.


with grpc.insecure_channel(sys.argv[1]) as channel:
    for response in ingest_service_pb2_grpc.IngestServiceStub(channel).Write(requests()):
        if response.HasField("ack"):
            print(f"batches received: {response.ack.received_sequence}, committed: {response.ack.committed_sequence}")
