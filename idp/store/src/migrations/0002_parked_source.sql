-- Who parked a request, as a keyed hash of the network: no one sender can fill the lot.
ALTER TABLE parked_request ADD COLUMN source BLOB;
CREATE INDEX parked_request_source ON parked_request (source);
