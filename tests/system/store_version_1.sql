-- A log as version 1 of the schema has left it (page size 16384, incremental vacuum), made by
--   sqlite3 messages.db .dump
-- after a clean stop. Never to be changed: files like it exist.
PRAGMA page_size = 16384;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 1397507406;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES('log_id','43fea28d28dc766ef5d0a6ada274b917');
INSERT INTO meta VALUES('next_client',5);
INSERT INTO meta VALUES('next_seq',5);
CREATE TABLE services (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO services VALUES(0,'udp-upper');
INSERT INTO services VALUES(1,'tcp-upper');
INSERT INTO services VALUES(2,'tcp-chat');
CREATE TABLE transports (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO transports VALUES(0,'udp');
INSERT INTO transports VALUES(1,'tcp');
INSERT INTO transports VALUES(2,'unix');
CREATE TABLE outcomes (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO outcomes VALUES(0,'replied');
INSERT INTO outcomes VALUES(1,'reply_too_large');
INSERT INTO outcomes VALUES(2,'refused_own_listener');
INSERT INTO outcomes VALUES(3,'refused_reflecting_port');
INSERT INTO outcomes VALUES(4,'refused_not_unicast');
INSERT INTO outcomes VALUES(5,'refused_rate_limit');
INSERT INTO outcomes VALUES(6,'send_failed');
INSERT INTO outcomes VALUES(7,'peer_gone');
INSERT INTO outcomes VALUES(8,'after_close');
INSERT INTO outcomes VALUES(9,'unfinished');
CREATE TABLE closers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO closers VALUES(0,'peer');
INSERT INTO closers VALUES(1,'server');
INSERT INTO closers VALUES(2,'operator');
CREATE TABLE close_reasons (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO close_reasons VALUES(0,'exit');
INSERT INTO close_reasons VALUES(1,'answered');
INSERT INTO close_reasons VALUES(2,'eof');
INSERT INTO close_reasons VALUES(3,'reset');
INSERT INTO close_reasons VALUES(4,'idle_timeout');
INSERT INTO close_reasons VALUES(5,'disconnected');
INSERT INTO close_reasons VALUES(6,'shutdown');
INSERT INTO close_reasons VALUES(7,'forgotten');
INSERT INTO close_reasons VALUES(8,'evicted');
INSERT INTO close_reasons VALUES(9,'error');
CREATE TABLE runs ( -- starts of the gateway
  id INTEGER PRIMARY KEY,
  version TEXT NOT NULL,
  started_at INTEGER NOT NULL, -- like all times: nanoseconds since 1970, UTC
  ended_at INTEGER, -- NULL: still running, or killed
  first_seq INTEGER NOT NULL
);
INSERT INTO runs VALUES(1,'0.1.0',1795363886309143194,1795363886821765155,1);
CREATE TABLE listeners (
  id INTEGER PRIMARY KEY,
  service INTEGER NOT NULL, -- services.id
  transport INTEGER NOT NULL, -- transports.id
  name TEXT NOT NULL, -- 127.0.0.1:12000, unix:/run/chat
  UNIQUE (service, transport, name)
);
INSERT INTO listeners VALUES(1,0,0,'127.0.0.1:60113');
INSERT INTO listeners VALUES(2,2,2,'unix:/run/chat');
CREATE TABLE clients ( -- TCP connections, and remote addresses of UDP
  id INTEGER PRIMARY KEY,
  listener INTEGER NOT NULL, -- listeners.id
  peer TEXT NOT NULL,
  local TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  last_seen_at INTEGER,
  closed_at INTEGER, -- NULL: open; what follows is known at the end only
  closed_by INTEGER, -- closers.id
  close_reason INTEGER, -- close_reasons.id
  received_messages INTEGER,
  received_bytes INTEGER,
  sent_messages INTEGER,
  sent_bytes INTEGER,
  refused INTEGER,
  tcp_state INTEGER, -- the kernel's last word, tcp(7); NULL: not TCP
  tcp_rtt_us INTEGER,
  tcp_rttvar_us INTEGER,
  tcp_retransmits INTEGER,
  tcp_total_retransmits INTEGER,
  tcp_lost INTEGER,
  tcp_unacked INTEGER,
  tcp_snd_cwnd INTEGER,
  tcp_snd_mss INTEGER,
  tcp_rcv_mss INTEGER
);
INSERT INTO clients VALUES(1,1,'127.0.0.1:33001','127.0.0.1:60113',1795363886319941001,1795363886320054181,1795363886820913744,1,6,1,7,1,7,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO clients VALUES(2,1,'127.0.0.1:56213','127.0.0.1:60113',1795363886320086209,1795363886320118238,1795363886820925416,1,6,1,5,1,5,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO clients VALUES(3,1,'127.0.0.1:60340','127.0.0.1:60113',1795363886320120078,1795363886320197675,1795363886820926164,1,6,1,2,1,2,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO clients VALUES(4,2,'unix:','unix:',1795363886320164575,1795363886320217179,1795363886320230473,0,2,1,2,1,21,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE lifecycle ( -- where between the messages a client came and went
  seq INTEGER NOT NULL, -- before this message
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL, -- 1 opened, 2 closed
  client INTEGER NOT NULL, -- clients.id
  PRIMARY KEY (seq, at, kind, client)
) WITHOUT ROWID;
INSERT INTO lifecycle VALUES(1,1795363886319941001,1,1);
INSERT INTO lifecycle VALUES(2,1795363886320086209,1,2);
INSERT INTO lifecycle VALUES(3,1795363886320120078,1,3);
INSERT INTO lifecycle VALUES(3,1795363886320164575,1,4);
INSERT INTO lifecycle VALUES(5,1795363886320230473,2,4);
INSERT INTO lifecycle VALUES(5,1795363886820913744,2,1);
INSERT INTO lifecycle VALUES(5,1795363886820925416,2,2);
INSERT INTO lifecycle VALUES(5,1795363886820926164,2,3);
CREATE TABLE messages ( -- easier to read: SELECT * FROM log
  seq INTEGER PRIMARY KEY,
  client INTEGER NOT NULL, -- clients.id; 0: none
  listener INTEGER NOT NULL, -- listeners.id
  outcome INTEGER NOT NULL, -- outcomes.id
  received_at INTEGER NOT NULL,
  replied_at INTEGER, -- NULL: no reply
  received, -- TEXT where it is valid UTF-8 without NUL, else BLOB
  sent, -- the same; NULL: no reply; 1: upper(received)
  received_size INTEGER, -- bytes on the wire; NULL: as many as are kept
  sent_size INTEGER, -- the same
  peer TEXT, -- NULL: the client's
  local TEXT -- NULL: the client's
);
INSERT INTO messages VALUES(1,1,1,0,1795363886319941001,1795363886320054198,'straße','STRASSE',NULL,NULL,NULL,NULL);
INSERT INTO messages VALUES(2,2,1,0,1795363886320086209,1795363886320118253,'hello',1,NULL,NULL,NULL,NULL);
INSERT INTO messages VALUES(3,3,1,0,1795363886320120078,1795363886320197678,X'ff00',X'ff00',NULL,NULL,NULL,NULL);
INSERT INTO messages VALUES(4,4,2,0,1795363886320212975,1795363886320217180,'Hi','Your data was 2 bytes',NULL,NULL,NULL,NULL);
CREATE TABLE gaps ( -- messages that are missing for ever
  from_seq INTEGER PRIMARY KEY,
  to_seq INTEGER NOT NULL, -- inclusive
  reason TEXT NOT NULL, -- evicted: left memory before it could be written
  at INTEGER NOT NULL
);
CREATE VIEW log AS -- the messages for a person; text columns are NULL where it is not text
SELECT m.seq,
  strftime('%Y-%m-%dT%H:%M:%S', m.received_at / 1000000000, 'unixepoch') || printf('.%06dZ', m.received_at / 1000 % 1000000) AS received_at,
  strftime('%Y-%m-%dT%H:%M:%S', m.replied_at / 1000000000, 'unixepoch') || printf('.%06dZ', m.replied_at / 1000 % 1000000) AS replied_at,
  (m.replied_at - m.received_at) / 1000 AS service_us,
  s.name AS service,
  l.name AS listener,
  nullif(m.client, 0) AS client,
  coalesce(m.peer, c.peer) AS address,
  coalesce(m.local, c.local) AS local_address,
  o.name AS outcome,
  coalesce(m.received_size, length(CAST(m.received AS BLOB))) AS received_size,
  CASE typeof(m.received) WHEN 'text' THEN m.received END AS received_text,
  CASE typeof(m.received) WHEN 'blob' THEN hex(m.received) END AS received_hex,
  coalesce(m.sent_size, CASE typeof(m.sent) WHEN 'null' THEN 0 WHEN 'integer' THEN length(CAST(m.received AS BLOB)) ELSE length(CAST(m.sent AS BLOB)) END) AS sent_size,
  CASE typeof(m.sent) WHEN 'text' THEN m.sent WHEN 'integer' THEN upper(m.received) END AS sent_text,
  CASE typeof(m.sent) WHEN 'blob' THEN hex(m.sent) END AS sent_hex
FROM messages m
LEFT JOIN listeners l ON l.id = m.listener
LEFT JOIN services s ON s.id = l.service
LEFT JOIN outcomes o ON o.id = m.outcome
LEFT JOIN clients c ON c.id = m.client
;
CREATE VIEW client_log AS -- the clients for a person
SELECT c.id,
  s.name AS service,
  t.name AS transport,
  l.name AS listener,
  c.peer AS address,
  c.local AS local_address,
  strftime('%Y-%m-%dT%H:%M:%S', c.opened_at / 1000000000, 'unixepoch') || printf('.%06dZ', c.opened_at / 1000 % 1000000) AS opened_at,
  strftime('%Y-%m-%dT%H:%M:%S', c.last_seen_at / 1000000000, 'unixepoch') || printf('.%06dZ', c.last_seen_at / 1000 % 1000000) AS last_seen_at,
  strftime('%Y-%m-%dT%H:%M:%S', c.closed_at / 1000000000, 'unixepoch') || printf('.%06dZ', c.closed_at / 1000 % 1000000) AS closed_at,
  b.name AS closed_by,
  r.name AS close_reason,
  c.received_messages, c.received_bytes, c.sent_messages, c.sent_bytes, c.refused,
  c.tcp_rtt_us AS rtt_us, c.tcp_total_retransmits AS retransmits
FROM clients c
LEFT JOIN listeners l ON l.id = c.listener
LEFT JOIN services s ON s.id = l.service
LEFT JOIN transports t ON t.id = l.transport
LEFT JOIN closers b ON b.id = c.closed_by
LEFT JOIN close_reasons r ON r.id = c.close_reason
;
COMMIT;
