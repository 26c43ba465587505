DROP TABLE standing_sites;
DROP TABLE standings;
