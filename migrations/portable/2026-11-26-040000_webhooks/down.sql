DROP TABLE notifications;
DROP TABLE delivery_position;
DROP TABLE deliveries;
DROP TABLE webhook_secrets;
DROP TABLE webhooks;
