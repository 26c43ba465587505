DROP TABLE choices;
