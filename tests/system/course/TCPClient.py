# The course's TCP client. Changed: valid quotes; the server's port may be given.
from socket import *
from sys import argv
serverIP = '127.0.0.1'
serverPort = int(argv[1]) if len(argv) > 1 else 12000
clientSocket = socket(AF_INET, SOCK_STREAM)
clientSocket.connect((serverIP, serverPort))
sentence = input('Input lowercase sentence: ')
clientSocket.send(sentence.encode())
modifiedSentence = clientSocket.recv(1024)
print(' From Server: ', modifiedSentence.decode())
clientSocket.close()
